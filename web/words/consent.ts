/** The consent page. */
import { type Content, html } from '../html.ts'
import { inAllLanguages } from './words.ts'

export const CONSENT = inAllLanguages(
  {
    title: 'Allow access',
    question: 'Allow access?',
    asks: (client: string, account: string) =>
      html`<strong>${client}</strong> asks for access to your account <strong class="account">${account}</strong>.`,
    itCan: 'If you allow it, it can',
    selfRegistered: (destination: string) =>
      html`This application registered itself, and nobody has checked its name. All that is known of it is where it leads: <strong>${destination}</strong>.`,
    handlesData: 'how it handles your data',
    terms: 'its terms',
    tells: (first: Content, second: Content) => html`It tells you ${first}${second && html` and ${second}`}.`,
    returns: (destination: string) =>
      html`You will return to <strong>${destination}</strong>. Allow only what you started yourself.`,
    app: (scheme: string) => `an app on this device (${scheme})`,
    allow: 'Allow',
    deny: 'Don’t allow',
    notYou: 'Not you?',
    signOut: 'Sign out',
  },
  {
    de: {
      title: 'Zugriff erlauben',
      question: 'Zugriff erlauben?',
      asks: (client, account) =>
        html`<strong>${client}</strong> bittet um Zugriff auf Ihr Konto <strong class="account">${account}</strong>.`,
      itCan: 'Wenn Sie zustimmen, kann die Anwendung',
      selfRegistered: (destination) =>
        html`Diese Anwendung hat sich selbst registriert, und niemand hat ihren Namen geprüft. Bekannt ist nur, wohin sie führt: <strong>${destination}</strong>.`,
      handlesData: 'wie sie mit Ihren Daten umgeht',
      terms: 'welche Nutzungsbedingungen gelten',
      tells: (first, second) => html`Die Anwendung sagt Ihnen, ${first}${second && html` und ${second}`}.`,
      returns: (destination) =>
        html`Danach kehren Sie zu <strong>${destination}</strong> zurück. Erlauben Sie nur, was Sie selbst begonnen haben.`,
      app: (scheme) => `einer App auf diesem Gerät (${scheme})`,
      allow: 'Erlauben',
      deny: 'Nicht erlauben',
      notYou: 'Nicht Ihr Konto?',
      signOut: 'Abmelden',
    },
    ar: {
      title: 'السماح بالوصول',
      question: 'هل تسمح بالوصول؟',
      asks: (client, account) =>
        html`يطلب <strong>${client}</strong> الوصول إلى حسابك <strong class="account">${account}</strong>.`,
      itCan: 'إذا سمحت بذلك، فيمكن للتطبيق',
      selfRegistered: (destination) =>
        html`سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد من اسمه. كل ما يُعرف عنه هو وجهته: <strong>${destination}</strong>.`,
      handlesData: 'كيفية تعامله مع بياناتك',
      terms: 'شروط استخدامه',
      tells: (first, second) => html`يوضح لك التطبيق ${first}${second && html` و${second}`}.`,
      returns: (destination) => html`ستعود إلى <strong>${destination}</strong>. لا تسمح إلا بما بدأته بنفسك.`,
      app: (scheme) => `تطبيق على هذا الجهاز (${scheme})`,
      allow: 'سماح',
      deny: 'عدم السماح',
      notYou: 'ليس حسابك؟',
      signOut: 'تسجيل الخروج',
    },
  },
)
