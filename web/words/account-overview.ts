/** The first page of self-service: how safe the account is, and where it was used from. */
import { type Content, html } from '../html.ts'
import { isolated } from './isolated.ts'
import { inAllLanguages } from './words.ts'

const apart = (parts: readonly Content[]): Content =>
  parts.map((part, index) => (index === 0 ? part : html` · ${part}`))

export const OVERVIEW = inAllLanguages(
  {
    verified: 'verified',
    notVerified: 'not verified',
    refused: (times: number) =>
      times === 1
        ? 'A sign-in to your account was refused lately.'
        : `${times} sign-ins to your account were refused lately.`,
    lookAtActivity: 'Look at recent activity',
    waysToSignIn: 'You can sign in with',
    factors: {
      password: 'Password',
      totp: 'Authenticator app',
      passkey: 'Passkey',
      recovery_code: 'Recovery codes',
      federated: 'Linked account',
    },
    lastSignIns: 'Last sign-ins',
    none: 'None is known.',
    browserOn: (browser: string, system: string) => `${browser} on ${system}`,
    someBrowser: 'A browser',
    someBrowserOn: (system: string) => `A browser on ${system}`,
    place: (browser: string, network: string, country: string | undefined) =>
      apart([browser, html`network <bdi>${network}</bdi>`, ...(country === undefined ? [] : [country])]),
  },
  {
    de: {
      verified: 'bestätigt',
      notVerified: 'nicht bestätigt',
      refused: (times) =>
        times === 1
          ? 'Kürzlich wurde eine Anmeldung an Ihrem Konto abgelehnt.'
          : `Kürzlich wurden ${times} Anmeldungen an Ihrem Konto abgelehnt.`,
      lookAtActivity: 'Letzte Aktivitäten ansehen',
      waysToSignIn: 'Sie können sich anmelden mit',
      factors: {
        password: 'Passwort',
        totp: 'Authenticator-App',
        passkey: 'Passkey',
        recovery_code: 'Wiederherstellungscodes',
        federated: 'Verknüpftes Konto',
      },
      lastSignIns: 'Letzte Anmeldungen',
      none: 'Keine bekannt.',
      browserOn: (browser, system) => `${browser} unter ${system}`,
      someBrowser: 'Ein Browser',
      someBrowserOn: (system) => `Ein Browser unter ${system}`,
      place: (browser, network, country) =>
        apart([browser, html`Netz <bdi>${network}</bdi>`, ...(country === undefined ? [] : [country])]),
    },
    ar: {
      verified: 'مؤكد',
      notVerified: 'غير مؤكد',
      refused: (times) =>
        times === 1 ? 'رُفضت مؤخرًا محاولة تسجيل دخول إلى حسابك.' : `عدد محاولات تسجيل الدخول المرفوضة مؤخرًا: ${times}.`,
      lookAtActivity: 'عرض النشاط الأخير',
      waysToSignIn: 'يمكنك تسجيل الدخول باستخدام',
      factors: {
        password: 'كلمة المرور',
        totp: 'تطبيق المصادقة',
        passkey: 'مفتاح المرور',
        recovery_code: 'رموز الاسترداد',
        federated: 'حساب مرتبط',
      },
      lastSignIns: 'آخر عمليات تسجيل الدخول',
      none: 'لا يوجد شيء معروف.',
      browserOn: (browser, system) => `${isolated(browser)} على ${isolated(system)}`,
      someBrowser: 'متصفح',
      someBrowserOn: (system) => `متصفح على ${isolated(system)}`,
      place: (browser, network, country) =>
        apart([browser, html`الشبكة <bdi>${network}</bdi>`, ...(country === undefined ? [] : [country])]),
    },
  },
)
