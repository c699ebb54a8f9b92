/** Letters: links that work once, and what happened to an account. */
import { inAllLanguages } from './words.ts'

type Said = readonly [subject: string, what: string]

export const LETTERS = inAllLanguages(
  {
    account: (host: string) => `Account: ${host}`,
    when: (time: string) => `When: ${time}`,
    notYou: 'If this was not you, change your password and look at your account',
    stop: 'If this was not you, stop it here',
    stopsFor: (hours: number) =>
      `The link works once, for ${hours} hours, also after the address has changed: the account then gets this address back.`,
    once: (minutes: number) => `The link works once, for ${minutes} minutes.`,
    links: {
      password_reset: {
        subject: 'Set a new password',
        what: 'Somebody asked for a new password for your account.',
        go: 'Set a new password',
        otherwise: 'If it was not you, do nothing: your password stays as it is.',
      },
      email_verify: {
        subject: 'Confirm your e-mail address',
        what: 'This is the e-mail address of an account.',
        go: 'Confirm that it is yours',
        otherwise: 'If you know of no such account, do nothing.',
      },
      email_change: {
        subject: 'Confirm your new e-mail address',
        what: 'This is to become the e-mail address of an account.',
        go: 'Confirm that it is yours',
        otherwise: 'If you did not ask for this, do nothing: nothing changes.',
      },
    },
    totp: 'An authenticator app',
    passkey: 'A passkey',
    another: 'another provider',
    on: (browser: string, system: string) => `${browser} on ${system}`,
    notices: {
      password_changed: (): Said => ['Your password was changed', 'The password of your account was changed.'],
      password_reset: (): Said => [
        'Your password was reset',
        'A new password was set for your account by a link that was sent to this address. All sessions were ended.',
      ],
      factor_added: (factor: string): Said => ['A way to sign in was added', `${factor} was added to your account.`],
      factor_removed: (factor: string): Said => [
        'A way to sign in was removed',
        `${factor} was removed from your account.`,
      ],
      recovery_codes_made: (): Said => [
        'New recovery codes were made',
        'New recovery codes were made for your account. Those before them work no more.',
      ],
      recovery_code_used: (): Said => [
        'A recovery code was used',
        'A recovery code was used to sign in to your account.',
      ],
      email_change_asked: (): Said => [
        'Your e-mail address is about to change',
        'Somebody signed in to your account asked to change its e-mail address. It changes once the new address is confirmed.',
      ],
      email_changed: (): Said => ['Your e-mail address was changed', 'The e-mail address of your account was changed.'],
      email_change_stopped: (): Said => [
        'The change of your e-mail address was stopped',
        'Whoever reads the e-mail address that your account had stopped its change, or took it back. All sessions were ended.',
      ],
      new_sign_in: (device: string): Said => [
        'New sign-in to your account',
        device === ''
          ? 'Your account was signed in to on a device that it was not used on before.'
          : `Your account was signed in to with ${device}, on a device that it was not used on before.`,
      ],
      account_linked: (provider: string): Said => [
        'A sign-in with another account was added',
        `Your account can now be signed in to with ${provider}.`,
      ],
      account_unlinked: (provider: string): Said => [
        'A sign-in with another account was removed',
        `Your account can no longer be signed in to with ${provider}.`,
      ],
      sessions_ended: (): Said => ['You were signed out', 'Sessions of your account were ended.'],
      guessing: (): Said => [
        'Somebody tries to sign in to your account',
        'There were many attempts to sign in to your account from devices that it was not used on before, and they failed. Your account is not locked. A passkey cannot be guessed: add one if you have none.',
      ],
      unusual_sign_in: (): Said => [
        'Unusual sign-in to your account',
        'Your account was signed in to in a way that is unusual for you: from a new device, or from far away from the last time.',
      ],
      unusual_use: (): Said => [
        'Unusual use of your account',
        'Something that may be used once only, by one application, came twice. What that application had of your account was ended for your safety.',
      ],
    },
  },
  {
    de: {
      account: (host) => `Konto: ${host}`,
      when: (time) => `Zeitpunkt: ${time}`,
      notYou: 'Wenn Sie das nicht waren, ändern Sie Ihr Passwort und prüfen Sie Ihr Konto',
      stop: 'Wenn Sie das nicht waren, stoppen Sie es hier',
      stopsFor: (hours) =>
        `Der Link gilt einmal, ${hours} Stunden lang, auch nachdem sich die Adresse geändert hat: Das Konto bekommt dann diese Adresse zurück.`,
      once: (minutes) => `Der Link gilt einmal, ${minutes} Minuten lang.`,
      links: {
        password_reset: {
          subject: 'Neues Passwort festlegen',
          what: 'Für Ihr Konto wurde ein neues Passwort angefordert.',
          go: 'Neues Passwort festlegen',
          otherwise: 'Wenn Sie das nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.',
        },
        email_verify: {
          subject: 'E-Mail-Adresse bestätigen',
          what: 'Dies ist die E-Mail-Adresse eines Kontos.',
          go: 'Bestätigen, dass sie Ihnen gehört',
          otherwise: 'Wenn Sie kein solches Konto kennen, tun Sie nichts.',
        },
        email_change: {
          subject: 'Neue E-Mail-Adresse bestätigen',
          what: 'Dies soll die E-Mail-Adresse eines Kontos werden.',
          go: 'Bestätigen, dass sie Ihnen gehört',
          otherwise: 'Wenn Sie das nicht angefordert haben, tun Sie nichts: Es ändert sich nichts.',
        },
      },
      totp: 'Eine Authenticator-App',
      passkey: 'Ein Passkey',
      another: 'einem anderen Anbieter',
      on: (browser, system) => `${browser} unter ${system}`,
      notices: {
        password_changed: () => ['Ihr Passwort wurde geändert', 'Das Passwort Ihres Kontos wurde geändert.'],
        password_reset: () => [
          'Ihr Passwort wurde zurückgesetzt',
          'Über einen Link an diese Adresse wurde für Ihr Konto ein neues Passwort festgelegt. Alle Sitzungen wurden beendet.',
        ],
        factor_added: (factor) => [
          'Ein Anmeldeverfahren wurde hinzugefügt',
          `${factor} wurde Ihrem Konto hinzugefügt.`,
        ],
        factor_removed: (factor) => [
          'Ein Anmeldeverfahren wurde entfernt',
          `${factor} wurde von Ihrem Konto entfernt.`,
        ],
        recovery_codes_made: () => [
          'Neue Wiederherstellungscodes',
          'Für Ihr Konto wurden neue Wiederherstellungscodes erstellt. Die früheren gelten nicht mehr.',
        ],
        recovery_code_used: () => [
          'Ein Wiederherstellungscode wurde benutzt',
          'Mit einem Wiederherstellungscode wurde Ihr Konto angemeldet.',
        ],
        email_change_asked: () => [
          'Ihre E-Mail-Adresse soll sich ändern',
          'In Ihrem Konto wurde eine andere E-Mail-Adresse verlangt. Sie gilt, sobald die neue Adresse bestätigt ist.',
        ],
        email_changed: () => ['Ihre E-Mail-Adresse wurde geändert', 'Die E-Mail-Adresse Ihres Kontos wurde geändert.'],
        email_change_stopped: () => [
          'Die Änderung Ihrer E-Mail-Adresse wurde gestoppt',
          'Von der bisherigen E-Mail-Adresse Ihres Kontos aus wurde deren Änderung gestoppt oder rückgängig gemacht. Alle Sitzungen wurden beendet.',
        ],
        new_sign_in: (device) => [
          'Neue Anmeldung an Ihrem Konto',
          device === ''
            ? 'Ihr Konto wurde auf einem Gerät angemeldet, auf dem es bisher nicht benutzt wurde.'
            : `Ihr Konto wurde mit ${device} angemeldet, auf einem Gerät, auf dem es bisher nicht benutzt wurde.`,
        ],
        account_linked: (provider) => [
          'Eine Anmeldung über ein anderes Konto wurde hinzugefügt',
          `Ihr Konto kann jetzt mit ${provider} angemeldet werden.`,
        ],
        account_unlinked: (provider) => [
          'Eine Anmeldung über ein anderes Konto wurde entfernt',
          `Ihr Konto kann nicht mehr mit ${provider} angemeldet werden.`,
        ],
        sessions_ended: () => ['Sie wurden abgemeldet', 'Sitzungen Ihres Kontos wurden beendet.'],
        guessing: () => [
          'Jemand versucht, sich an Ihrem Konto anzumelden',
          'Von Geräten, auf denen Ihr Konto bisher nicht benutzt wurde, gab es viele vergebliche Anmeldeversuche. Ihr Konto ist nicht gesperrt. Ein Passkey lässt sich nicht erraten: Fügen Sie einen hinzu, wenn Sie keinen haben.',
        ],
        unusual_sign_in: () => [
          'Ungewöhnliche Anmeldung an Ihrem Konto',
          'Ihr Konto wurde auf eine für Sie ungewöhnliche Weise angemeldet: von einem neuen Gerät oder weit entfernt vom letzten Ort.',
        ],
        unusual_use: () => [
          'Ungewöhnliche Nutzung Ihres Kontos',
          'Etwas, das nur einmal und nur von einer Anwendung benutzt werden darf, kam zweimal. Was diese Anwendung von Ihrem Konto hatte, wurde zu Ihrer Sicherheit beendet.',
        ],
      },
    },
    ar: {
      account: (host) => `الحساب: ${host}`,
      when: (time) => `الوقت: ${time}`,
      notYou: 'إذا لم تكن أنت، فغيّر كلمة المرور وتفقّد حسابك',
      stop: 'إذا لم تكن أنت، فأوقف ذلك من هنا',
      stopsFor: (hours) =>
        `يعمل الرابط مرة واحدة لمدة ${hours} ساعة، حتى بعد تغيّر العنوان: عندئذ يعود هذا العنوان إلى الحساب.`,
      once: (minutes) => `يعمل الرابط مرة واحدة لمدة ${minutes} دقيقة.`,
      links: {
        password_reset: {
          subject: 'تعيين كلمة مرور جديدة',
          what: 'طُلبت كلمة مرور جديدة لحسابك.',
          go: 'تعيين كلمة مرور جديدة',
          otherwise: 'إذا لم تكن أنت، فلا تفعل شيئًا: تبقى كلمة مرورك كما هي.',
        },
        email_verify: {
          subject: 'تأكيد عنوان بريدك الإلكتروني',
          what: 'هذا عنوان البريد الإلكتروني لأحد الحسابات.',
          go: 'تأكيد أنه عنوانك',
          otherwise: 'إذا كنت لا تعرف هذا الحساب، فلا تفعل شيئًا.',
        },
        email_change: {
          subject: 'تأكيد عنوان بريدك الجديد',
          what: 'سيصبح هذا عنوان البريد الإلكتروني لأحد الحسابات.',
          go: 'تأكيد أنه عنوانك',
          otherwise: 'إذا لم تطلب ذلك، فلا تفعل شيئًا: لن يتغير شيء.',
        },
      },
      totp: 'تطبيق مصادقة',
      passkey: 'مفتاح مرور',
      another: 'مزوّد آخر',
      on: (browser, system) => `${browser} على ${system}`,
      notices: {
        password_changed: () => ['تم تغيير كلمة المرور', 'تم تغيير كلمة مرور حسابك.'],
        password_reset: () => [
          'تمت إعادة تعيين كلمة المرور',
          'عُيّنت كلمة مرور جديدة لحسابك برابط أُرسل إلى هذا العنوان. أُنهيت جميع الجلسات.',
        ],
        factor_added: (factor) => ['أُضيفت طريقة لتسجيل الدخول', `أُضيف إلى حسابك: ${factor}.`],
        factor_removed: (factor) => ['أُزيلت طريقة لتسجيل الدخول', `أُزيل من حسابك: ${factor}.`],
        recovery_codes_made: () => [
          'أُنشئت رموز استرداد جديدة',
          'أُنشئت رموز استرداد جديدة لحسابك. لم تعد الرموز السابقة تعمل.',
        ],
        recovery_code_used: () => ['استُخدم رمز استرداد', 'استُخدم رمز استرداد لتسجيل الدخول إلى حسابك.'],
        email_change_asked: () => [
          'سيتغير عنوان بريدك الإلكتروني',
          'طُلب من داخل حسابك تغيير عنوان بريده الإلكتروني. يتغير بعد تأكيد العنوان الجديد.',
        ],
        email_changed: () => ['تم تغيير عنوان بريدك الإلكتروني', 'تم تغيير عنوان البريد الإلكتروني لحسابك.'],
        email_change_stopped: () => [
          'أُوقف تغيير عنوان بريدك الإلكتروني',
          'أُوقف تغيير عنوان البريد الإلكتروني لحسابك أو أُلغي من العنوان السابق. أُنهيت جميع الجلسات.',
        ],
        new_sign_in: (device) => [
          'تسجيل دخول جديد إلى حسابك',
          device === ''
            ? 'سُجّل الدخول إلى حسابك من جهاز لم يُستخدم فيه من قبل.'
            : `سُجّل الدخول إلى حسابك باستخدام ${device} من جهاز لم يُستخدم فيه من قبل.`,
        ],
        account_linked: (provider) => [
          'أُضيف تسجيل الدخول بحساب آخر',
          `يمكن الآن تسجيل الدخول إلى حسابك عبر ${provider}.`,
        ],
        account_unlinked: (provider) => [
          'أُزيل تسجيل الدخول بحساب آخر',
          `لم يعد بالإمكان تسجيل الدخول إلى حسابك عبر ${provider}.`,
        ],
        sessions_ended: () => ['تم تسجيل خروجك', 'أُنهيت جلسات حسابك.'],
        guessing: () => [
          'يحاول أحدهم تسجيل الدخول إلى حسابك',
          'جرت محاولات كثيرة فاشلة لتسجيل الدخول إلى حسابك من أجهزة لم يُستخدم فيها من قبل. حسابك ليس مقفلًا. لا يمكن تخمين مفتاح المرور: أضف واحدًا إن لم يكن لديك.',
        ],
        unusual_sign_in: () => [
          'تسجيل دخول غير معتاد إلى حسابك',
          'سُجّل الدخول إلى حسابك بطريقة غير معتادة لك: من جهاز جديد، أو من مكان بعيد عن المرة السابقة.',
        ],
        unusual_use: () => [
          'استخدام غير معتاد لحسابك',
          'شيء لا يجوز استخدامه إلا مرة واحدة من تطبيق واحد ورد مرتين. أُنهي ما كان لدى ذلك التطبيق من حسابك حفاظًا على سلامتك.',
        ],
      },
    },
  },
)
