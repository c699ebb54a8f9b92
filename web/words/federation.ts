/** Sign-in at identity providers, and a person's accounts there. */
import { type Content, html } from '../html.ts'
import { inAllLanguages } from './words.ts'

const account = (name: Content) => html`<strong class="account">${name}</strong>`
const label = (text: string | undefined) => text !== undefined && html` (<span class="account">${text}</span>)`

export const FEDERATION = inAllLanguages(
  {
    or: 'or',
    continueWith: (provider: string) => `Continue with ${provider}`,
    unavailable: (provider: string) => `${provider} is not available at the moment`,
    goBack: 'Go back',
    kinds: {
      unavailable: (provider: string) => ({
        title: `${provider} is not available at the moment`,
        text: 'Try again in a while, or continue another way.',
      }),
      refused_there: (provider: string) => ({
        title: 'Not signed in',
        text: `${provider} did not sign you in, or you cancelled it there.`,
      }),
      denied: (provider: string) => ({
        title: 'Not allowed',
        text: `Your account at ${provider} cannot be used here. It may need a verified e-mail address, or be connected to another account.`,
      }),
      failed: (provider: string) => ({
        title: 'That did not work',
        text: `The answer of ${provider} could not be used: it was for another browser, came too late, or was not sound. Start again.`,
      }),
    },
    exists: 'You have an account already',
    thereIs: (address: string, provider: string) =>
      html`There is an account for ${account(address)}. Sign in to it as you did before; then you can connect ${provider} to it.`,
    signInToYours: 'Sign in to your account',
    connect: (provider: string) => `Connect ${provider}`,
    connectQuestion: (provider: string) => `Connect ${provider}?`,
    fromNowOn: (name: string, provider: string, known: string | undefined) =>
      html`You are signed in as ${account(name)}. From now on you can sign in with ${provider}${label(known)} too.`,
    doConnect: 'Connect',
    notNow: 'Not now',
    connected: 'Connected accounts',
    elsewhere: (name: string) => html`Accounts elsewhere that you can sign in with as ${account(name)}.`,
    none: 'None is connected.',
    since: (date: Content) => html`since ${date}`,
    disconnect: 'Disconnect',
  },
  {
    de: {
      or: 'oder',
      continueWith: (provider) => `Weiter mit ${provider}`,
      unavailable: (provider) => `${provider} ist zurzeit nicht verfügbar`,
      goBack: 'Zurück',
      kinds: {
        unavailable: (provider) => ({
          title: `${provider} ist zurzeit nicht verfügbar`,
          text: 'Versuchen Sie es später noch einmal oder wählen Sie einen anderen Weg.',
        }),
        refused_there: (provider) => ({
          title: 'Nicht angemeldet',
          text: `${provider} hat Sie nicht angemeldet, oder Sie haben dort abgebrochen.`,
        }),
        denied: (provider) => ({
          title: 'Nicht erlaubt',
          text: `Ihr Konto bei ${provider} kann hier nicht verwendet werden. Vielleicht fehlt eine bestätigte E-Mail-Adresse, oder es ist mit einem anderen Konto verbunden.`,
        }),
        failed: (provider) => ({
          title: 'Das hat nicht geklappt',
          text: `Die Antwort von ${provider} war nicht zu verwenden: Sie galt einem anderen Browser, kam zu spät oder war fehlerhaft. Beginnen Sie neu.`,
        }),
      },
      exists: 'Sie haben schon ein Konto',
      thereIs: (address, provider) =>
        html`Es gibt ein Konto für ${account(address)}. Melden Sie sich wie bisher dort an; dann können Sie ${provider} damit verbinden.`,
      signInToYours: 'Bei Ihrem Konto anmelden',
      connect: (provider) => `${provider} verbinden`,
      connectQuestion: (provider) => `${provider} verbinden?`,
      fromNowOn: (name, provider, known) =>
        html`Sie sind angemeldet als ${account(name)}. Von nun an können Sie sich auch mit ${provider}${label(known)} anmelden.`,
      doConnect: 'Verbinden',
      notNow: 'Nicht jetzt',
      connected: 'Verbundene Konten',
      elsewhere: (name) => html`Konten anderswo, mit denen Sie sich als ${account(name)} anmelden können.`,
      none: 'Keines ist verbunden.',
      since: (date) => html`seit ${date}`,
      disconnect: 'Trennen',
    },
    ar: {
      or: 'أو',
      continueWith: (provider) => `المتابعة باستخدام ${provider}`,
      unavailable: (provider) => `${provider} غير متاح حاليًا`,
      goBack: 'رجوع',
      kinds: {
        unavailable: (provider) => ({
          title: `${provider} غير متاح حاليًا`,
          text: 'حاول مرة أخرى بعد قليل، أو تابع بطريقة أخرى.',
        }),
        refused_there: (provider) => ({
          title: 'لم يتم تسجيل الدخول',
          text: `لم يسجّل ${provider} دخولك، أو أنك ألغيت ذلك هناك.`,
        }),
        denied: (provider) => ({
          title: 'غير مسموح',
          text: `لا يمكن استخدام حسابك لدى ${provider} هنا. ربما يحتاج إلى عنوان بريد إلكتروني مؤكد، أو أنه مرتبط بحساب آخر.`,
        }),
        failed: (provider) => ({
          title: 'لم ينجح ذلك',
          text: `تعذّر استخدام رد ${provider}: كان لمتصفح آخر أو وصل متأخرًا أو لم يكن سليمًا. ابدأ من جديد.`,
        }),
      },
      exists: 'لديك حساب بالفعل',
      thereIs: (address, provider) =>
        html`يوجد حساب للعنوان ${account(address)}. سجّل الدخول إليه كما فعلت من قبل، ثم يمكنك ربط ${provider} به.`,
      signInToYours: 'تسجيل الدخول إلى حسابك',
      connect: (provider) => `ربط ${provider}`,
      connectQuestion: (provider) => `هل تريد ربط ${provider}؟`,
      fromNowOn: (name, provider, known) =>
        html`أنت مسجّل الدخول باسم ${account(name)}. من الآن فصاعدًا يمكنك تسجيل الدخول باستخدام ${provider}${label(known)} أيضًا.`,
      doConnect: 'ربط',
      notNow: 'ليس الآن',
      connected: 'الحسابات المرتبطة',
      elsewhere: (name) => html`حسابات في أماكن أخرى يمكنك تسجيل الدخول بها باسم ${account(name)}.`,
      none: 'لا يوجد حساب مرتبط.',
      since: (date) => html`منذ ${date}`,
      disconnect: 'فصل',
    },
  },
)
