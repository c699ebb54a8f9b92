/** Sign-in at identity providers, and a person's accounts there. */
import { html } from '../html.ts'
import { inAllLanguages } from './words.ts'

export const FEDERATION = inAllLanguages(
  {
    or: 'or',
    continueWith: (provider: string) => `Continue with ${provider}`,
    notAvailable: (provider: string) => `${provider} is not available at the moment`,
    goBack: 'Go back',
    failed: {
      unavailable: 'Try again in a while, or continue another way.',
      refusedTitle: 'Not signed in',
      refused: (provider: string) => `${provider} did not sign you in, or you cancelled it there.`,
      deniedTitle: 'Not allowed',
      denied: (provider: string) =>
        `Your account at ${provider} cannot be used here. It may need a verified e-mail address, or be connected to another account.`,
      confirmTitle: 'Confirm your e-mail address first',
      confirm: (provider: string) =>
        `There is an account of that name here, and nobody has confirmed its e-mail address yet. If it is yours, sign in to it another way, confirm the address in your account, and connect ${provider} there.`,
      laterTitle: 'Not at the moment',
      later: 'For the safety of the account this cannot be done now. Try again later, or continue another way.',
      organisation: (provider: string) =>
        `This account at ${provider} belongs to another organisation, which cannot sign in here. Choose another account there, or continue another way.`,
      notAnew: (provider: string) =>
        `A new sign-in is wanted, and ${provider} answered from an older one. Sign out there first, or continue another way.`,
      brokenTitle: 'That did not work',
      broken: (provider: string) =>
        `The answer of ${provider} could not be used: it was for another browser, came too late, or was not sound. Start again.`,
    },
    exists: {
      title: 'You have an account already',
      text: (address: string, provider: string) =>
        html`There is an account for <strong class="account">${address}</strong>. Sign in to it as you did before; then you can connect ${provider} to it.`,
      signIn: 'Sign in to your account',
    },
    link: {
      title: (provider: string) => `Connect ${provider}`,
      question: (provider: string) => `Connect ${provider}?`,
      text: (account: string, provider: string) =>
        html`You are signed in as <strong class="account">${account}</strong>. From now on you can sign in with ${provider} too.`,
      connect: 'Connect',
      notNow: 'Not now',
    },
    linkedAccounts: 'Accounts elsewhere that you can sign in with.',
    connected: 'Connected',
    none: 'None is connected.',
    since: 'Connected on',
    disconnect: 'Disconnect',
    disconnectThis: (what: string) => `Disconnect ${what}`,
    more: 'Connect another',
  },
  {
    de: {
      or: 'oder',
      continueWith: (provider) => `Weiter mit ${provider}`,
      notAvailable: (provider) => `${provider} ist zurzeit nicht erreichbar`,
      goBack: 'Zurück',
      failed: {
        unavailable: 'Versuchen Sie es in einer Weile noch einmal, oder melden Sie sich auf andere Weise an.',
        refusedTitle: 'Nicht angemeldet',
        refused: (provider) => `${provider} hat Sie nicht angemeldet, oder Sie haben dort abgebrochen.`,
        deniedTitle: 'Nicht erlaubt',
        denied: (provider) =>
          `Ihr Konto bei ${provider} kann hier nicht verwendet werden. Vielleicht braucht es eine bestätigte E-Mail-Adresse, oder es ist mit einem anderen Konto verknüpft.`,
        confirmTitle: 'Bestätigen Sie zuerst Ihre E-Mail-Adresse',
        confirm: (provider) =>
          `Hier gibt es ein Konto dieses Namens, dessen E-Mail-Adresse noch niemand bestätigt hat. Wenn es Ihres ist, melden Sie sich auf andere Weise an, bestätigen Sie die Adresse in Ihrem Konto und verbinden Sie ${provider} dort.`,
        laterTitle: 'Im Augenblick nicht',
        later:
          'Zur Sicherheit des Kontos geht das jetzt nicht. Versuchen Sie es später noch einmal, oder melden Sie sich auf andere Weise an.',
        organisation: (provider) =>
          `Dieses Konto bei ${provider} gehört zu einer anderen Organisation, die sich hier nicht anmelden kann. Wählen Sie dort ein anderes Konto, oder melden Sie sich auf andere Weise an.`,
        notAnew: (provider) =>
          `Es braucht eine neue Anmeldung, und ${provider} hat mit einer älteren geantwortet. Melden Sie sich dort zuerst ab, oder melden Sie sich auf andere Weise an.`,
        brokenTitle: 'Das hat nicht geklappt',
        broken: (provider) =>
          `Die Antwort von ${provider} ließ sich nicht verwenden: Sie war für einen anderen Browser, kam zu spät oder war fehlerhaft. Beginnen Sie von vorn.`,
      },
      exists: {
        title: 'Sie haben schon ein Konto',
        text: (address, provider) =>
          html`Für <strong class="account">${address}</strong> gibt es ein Konto. Melden Sie sich dort an wie bisher; danach können Sie ${provider} damit verknüpfen.`,
        signIn: 'Am eigenen Konto anmelden',
      },
      link: {
        title: (provider) => `${provider} verknüpfen`,
        question: (provider) => `${provider} verknüpfen?`,
        text: (account, provider) =>
          html`Sie sind angemeldet als <strong class="account">${account}</strong>. Von nun an können Sie sich auch mit ${provider} anmelden.`,
        connect: 'Verknüpfen',
        notNow: 'Nicht jetzt',
      },
      linkedAccounts: 'Konten anderswo, mit denen Sie sich anmelden können.',
      connected: 'Verknüpft',
      none: 'Keines ist verknüpft.',
      since: 'Verknüpft am',
      disconnect: 'Trennen',
      disconnectThis: (what) => `${what} trennen`,
      more: 'Weiteres verknüpfen',
    },
    ar: {
      or: 'أو',
      continueWith: (provider) => `المتابعة باستخدام ${provider}`,
      notAvailable: (provider) => `${provider} غير متاح حاليًا`,
      goBack: 'رجوع',
      failed: {
        unavailable: 'حاول مرة أخرى بعد قليل، أو تابع بطريقة أخرى.',
        refusedTitle: 'لم يتم تسجيل الدخول',
        refused: (provider) => `لم يسجّل ${provider} دخولك، أو أنك ألغيت العملية هناك.`,
        deniedTitle: 'غير مسموح',
        denied: (provider) =>
          `لا يمكن استخدام حسابك لدى ${provider} هنا. قد يحتاج إلى بريد إلكتروني مؤكَّد، أو أنه مرتبط بحساب آخر.`,
        confirmTitle: 'أكّد عنوان بريدك الإلكتروني أولًا',
        confirm: (provider) =>
          `يوجد هنا حساب بهذا الاسم لم يؤكّد أحد عنوان بريده الإلكتروني بعد. إذا كان حسابك، فسجّل الدخول إليه بطريقة أخرى، وأكّد العنوان في حسابك، ثم اربط ${provider} من هناك.`,
        laterTitle: 'ليس في الوقت الحالي',
        later: 'حفاظًا على أمان الحساب لا يمكن فعل ذلك الآن. حاول مرة أخرى لاحقًا، أو تابع بطريقة أخرى.',
        organisation: (provider) =>
          `ينتمي هذا الحساب لدى ${provider} إلى مؤسسة أخرى لا يمكنها تسجيل الدخول هنا. اختر حسابًا آخر هناك، أو تابع بطريقة أخرى.`,
        notAnew: (provider) =>
          `المطلوب تسجيل دخول جديد، لكن ${provider} ردّ بتسجيل أقدم. سجّل الخروج هناك أولًا، أو تابع بطريقة أخرى.`,
        brokenTitle: 'لم تنجح العملية',
        broken: (provider) =>
          `تعذّر استخدام رد ${provider}: كان لمتصفح آخر، أو وصل متأخرًا، أو لم يكن سليمًا. ابدأ من جديد.`,
      },
      exists: {
        title: 'لديك حساب بالفعل',
        text: (address, provider) =>
          html`يوجد حساب لـ <strong class="account">${address}</strong>. سجّل الدخول إليه كالمعتاد، ثم يمكنك ربط ${provider} به.`,
        signIn: 'تسجيل الدخول إلى حسابك',
      },
      link: {
        title: (provider) => `ربط ${provider}`,
        question: (provider) => `هل تريد ربط ${provider}؟`,
        text: (account, provider) =>
          html`تم تسجيل دخولك باسم <strong class="account">${account}</strong>. من الآن يمكنك تسجيل الدخول باستخدام ${provider} أيضًا.`,
        connect: 'ربط',
        notNow: 'ليس الآن',
      },
      linkedAccounts: 'حسابات في مواقع أخرى يمكنك تسجيل الدخول بها.',
      connected: 'المرتبطة',
      none: 'لا يوجد حساب مرتبط.',
      since: 'تم الربط في',
      disconnect: 'إلغاء الربط',
      disconnectThis: (what) => `إلغاء الربط: ${what}`,
      more: 'ربط حساب آخر',
    },
  },
)
