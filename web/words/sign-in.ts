/** The steps of a sign-in: name, password, which account. */
import { type Content, type Html, html } from '../html.ts'
import { inAllLanguages } from './words.ts'

const strong = (text: Content): Html => html`<strong>${text}</strong>`
const account = (text: Content): Html => html`<span class="account">${text}</span>`

export const SIGN_IN = inAllLanguages(
  {
    signIn: 'Sign in',
    /** Undefined: a page of ours. */
    continueTo: (client: string | undefined) =>
      client === undefined ? html`to continue to your account` : html`to continue to ${strong(client)}`,
    userName: 'User name or e-mail address',
    next: 'Continue',
    cancel: 'Cancel',
    enterPassword: 'Enter your password',
    password: 'Password',
    notYou: 'Not you?',
    passkeyInstead: 'Use a passkey instead',
    byPasskey: 'Sign in with a passkey',
    faults: {
      noUserName: 'Enter your user name or e-mail address.',
      userNameTooLong: 'That is too long.',
      wrong: 'The user name or the password is wrong.',
      missing: 'Enter your password.',
    },
    chooseAccount: 'Choose an account',
    goOnAs: (name: string) => html`Go on as ${account(name)}`,
    anotherAccount: 'Use another account',
    notSignedIn: 'Not signed in',
    youAreNotSignedIn: 'You are not signed in',
    closePage: 'You can close this page.',
  },
  {
    de: {
      signIn: 'Anmelden',
      continueTo: (client) =>
        client === undefined ? html`um zu Ihrem Konto zu gelangen` : html`um mit ${strong(client)} fortzufahren`,
      userName: 'Benutzername oder E-Mail-Adresse',
      next: 'Weiter',
      cancel: 'Abbrechen',
      enterPassword: 'Passwort eingeben',
      password: 'Passwort',
      notYou: 'Nicht Ihr Konto?',
      passkeyInstead: 'Stattdessen einen Passkey verwenden',
      byPasskey: 'Mit einem Passkey anmelden',
      faults: {
        noUserName: 'Geben Sie Ihren Benutzernamen oder Ihre E-Mail-Adresse ein.',
        userNameTooLong: 'Das ist zu lang.',
        wrong: 'Der Benutzername oder das Passwort ist falsch.',
        missing: 'Geben Sie Ihr Passwort ein.',
      },
      chooseAccount: 'Konto auswählen',
      goOnAs: (name) => html`Weiter als ${account(name)}`,
      anotherAccount: 'Anderes Konto verwenden',
      notSignedIn: 'Nicht angemeldet',
      youAreNotSignedIn: 'Sie sind nicht angemeldet',
      closePage: 'Sie können diese Seite schließen.',
    },
    ar: {
      signIn: 'تسجيل الدخول',
      continueTo: (client) => (client === undefined ? html`للمتابعة إلى حسابك` : html`للمتابعة إلى ${strong(client)}`),
      userName: 'اسم المستخدم أو البريد الإلكتروني',
      next: 'متابعة',
      cancel: 'إلغاء',
      enterPassword: 'أدخل كلمة المرور',
      password: 'كلمة المرور',
      notYou: 'ليس حسابك؟',
      passkeyInstead: 'استخدام مفتاح مرور بدلاً من ذلك',
      byPasskey: 'تسجيل الدخول بمفتاح مرور',
      faults: {
        noUserName: 'أدخل اسم المستخدم أو البريد الإلكتروني.',
        userNameTooLong: 'النص طويل جدًا.',
        wrong: 'اسم المستخدم أو كلمة المرور غير صحيحة.',
        missing: 'أدخل كلمة المرور.',
      },
      chooseAccount: 'اختر حسابًا',
      goOnAs: (name) => html`المتابعة باسم ${account(name)}`,
      anotherAccount: 'استخدام حساب آخر',
      notSignedIn: 'لم يتم تسجيل الدخول',
      youAreNotSignedIn: 'لم يتم تسجيل دخولك',
      closePage: 'يمكنك إغلاق هذه الصفحة.',
    },
  },
)
