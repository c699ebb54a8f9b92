/** Sign-out: asked for, done, not done. */
import { html } from '../html.ts'
import { inAllLanguages } from './words.ts'

/** A name may have its own, e.g. Jr. */
const stop = (name: string): string => (name.endsWith('.') ? '' : '.')

export const SIGN_OUT = inAllLanguages(
  {
    signOut: 'Sign out',
    question: 'Sign out?',
    asks: (client: string) => html`<strong>${client}</strong> asks to sign you out.`,
    signedInAs: (account: string) =>
      html`You are signed in as <strong class="account">${account}</strong>${stop(account)}`,
    stay: 'Stay signed in',
    signedOut: 'Signed out',
    youAreSignedOut: 'You are signed out',
    closePage: 'You can close this page.',
    takenBack: 'You are taken back to the application.',
    goOn: 'Continue',
    stillThere: (name: string) => `You are still signed in at ${name}.`,
    signOutThere: (name: string) => `Sign out at ${name} too`,
    stillSignedIn: 'Still signed in',
    youAreStillSignedIn: 'You are still signed in',
  },
  {
    de: {
      signOut: 'Abmelden',
      question: 'Abmelden?',
      asks: (client) => html`<strong>${client}</strong> möchte Sie abmelden.`,
      signedInAs: (account) =>
        html`Sie sind angemeldet als <strong class="account">${account}</strong>${stop(account)}`,
      stay: 'Angemeldet bleiben',
      signedOut: 'Abgemeldet',
      youAreSignedOut: 'Sie sind abgemeldet',
      closePage: 'Sie können diese Seite schließen.',
      takenBack: 'Sie werden zur Anwendung zurückgeleitet.',
      goOn: 'Weiter',
      stillThere: (name) => `Bei ${name} sind Sie noch angemeldet.`,
      signOutThere: (name) => `Auch bei ${name} abmelden`,
      stillSignedIn: 'Noch angemeldet',
      youAreStillSignedIn: 'Sie sind noch angemeldet',
    },
    ar: {
      signOut: 'تسجيل الخروج',
      question: 'هل تريد تسجيل الخروج؟',
      asks: (client) => html`يطلب <strong>${client}</strong> تسجيل خروجك.`,
      signedInAs: (account) => html`أنت مسجّل الدخول باسم <strong class="account">${account}</strong>${stop(account)}`,
      stay: 'البقاء مسجّل الدخول',
      signedOut: 'تم تسجيل الخروج',
      youAreSignedOut: 'تم تسجيل خروجك',
      closePage: 'يمكنك إغلاق هذه الصفحة.',
      takenBack: 'ستتم إعادتك إلى التطبيق.',
      goOn: 'متابعة',
      stillThere: (name) => `ما زلت مسجّل الدخول لدى ${name}.`,
      signOutThere: (name) => `تسجيل الخروج من ${name} أيضًا`,
      stillSignedIn: 'ما زلت مسجّل الدخول',
      youAreStillSignedIn: 'ما زلت مسجّل الدخول',
    },
  },
)
