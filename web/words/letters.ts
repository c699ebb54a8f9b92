/** Letters: links that work once, and what happened to an account. */
import { isolated } from './isolated.ts'
import { inAllLanguages } from './words.ts'

type Said = readonly [subject: string, what: string]

export const LETTERS = inAllLanguages(
  {
    account: (host: string, name?: string) => (name === undefined ? `Account: ${host}` : `Account: ${name} at ${host}`),
    when: (time: string) => `When: ${time}`,
    where: (place: string) => `Where: ${place}`,
    network: (network: string) => `network ${network}`,
    acts: {
      report: 'If this was not you, say so here: everybody is signed out, and you choose a new password',
      reset: 'If this was not you, set a new password now',
      again: 'To sign in again, set a new password',
      factors: 'If this was not you, look at the ways to sign in to your account and remove what is not yours',
    },
    takesBack:
      'The letter that announced this change to the address before has a link that takes it back, for a few days.',
    closing: (host: string) =>
      `We never ask for your password by e-mail. If you doubt this letter, open no link in it and type ${host} into your browser.`,
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
        what: 'This e-mail address was given for an account, and nobody has confirmed it yet.',
        go: 'Confirm that it is yours',
        otherwise: 'If you know of no such account, do nothing.',
      },
      email_change: {
        subject: 'Confirm your new e-mail address',
        what: 'Somebody wants this to become the e-mail address of their account.',
        go: 'Confirm that it is yours',
        otherwise: 'If you did not ask for this, do nothing: nothing changes.',
      },
    },
    totp: 'An authenticator app',
    passkey: 'A passkey',
    another: 'another provider',
    ways: { totp: 'authenticator app', passkey: 'passkey', recovery_codes: 'all recovery codes' },
    waysEnded: (ways: string) => `Ways to sign in that may not be yours were removed: ${ways}.`,
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
          ? 'Somebody signed in to your account with a browser that it was not used with before.'
          : `Somebody signed in to your account with ${device}, and it was not used with that browser before.`,
      ],
      account_linked: (provider: string): Said => [
        'A sign-in with another account was added',
        `You can now sign in to your account with ${provider}.`,
      ],
      account_unlinked: (provider: string): Said => [
        'A sign-in with another account was removed',
        `${provider} signs you in to your account no longer.`,
      ],
      sessions_ended: (): Said => [
        'You were signed out',
        'Sign-ins to your account were ended, on one device or more.',
      ],
      guessing: (): Said => [
        'Somebody is trying to sign in to your account',
        'Many attempts to sign in to your account failed; they came from devices that it was not used on before. Your account is not locked. A passkey cannot be guessed: add one if you have none.',
      ],
      unusual_sign_in: (): Said => [
        'Unusual sign-in to your account',
        'There was a sign-in to your account that is unusual for you: from a new device, or far away from the last one.',
      ],
      unusual_use: (): Said => [
        'Unusual use of your account',
        'An application used your account in a way that may mean that somebody has copied its access.',
      ],
      access_ended: (): Said => [
        'Unusual use of your account',
        'An application used your account in a way that may mean that somebody has copied its access. That access was ended for your safety.',
      ],
      proof_reused: (): Said => [
        'A code, passkey or link of yours was used twice',
        'A code, passkey or link of your account that works only once came a second time, and was refused. Where a form was sent twice that is harmless; otherwise somebody may have copied it.',
      ],
      proof_reused_signed_out: (): Said => [
        'A code, passkey or link of yours was used twice',
        'A code, passkey or link of your account that works only once came a second time, and was refused. Somebody may have copied it, so everybody was signed out.',
      ],
    },
  },
  {
    de: {
      account: (host, name) => (name === undefined ? `Konto: ${host}` : `Konto: ${name} bei ${host}`),
      when: (time) => `Zeitpunkt: ${time}`,
      where: (place) => `Ort: ${place}`,
      network: (network) => `Netz ${network}`,
      acts: {
        report:
          'Wenn Sie das nicht waren, melden Sie es hier: Alle werden abgemeldet, und Sie wählen ein neues Passwort',
        reset: 'Wenn Sie das nicht waren, legen Sie jetzt ein neues Passwort fest',
        again: 'Um sich wieder anzumelden, legen Sie ein neues Passwort fest',
        factors:
          'Wenn Sie das nicht waren, prüfen Sie die Anmeldeverfahren Ihres Kontos und entfernen Sie, was nicht von Ihnen ist',
      },
      takesBack:
        'Die Nachricht, die diese Änderung an die bisherige Adresse angekündigt hat, enthält einen Link, der sie einige Tage lang rückgängig macht.',
      closing: (host) =>
        `Wir fragen nie per E-Mail nach Ihrem Passwort. Wenn Sie dieser Nachricht nicht trauen, öffnen Sie keinen Link darin, sondern geben Sie ${host} in Ihren Browser ein.`,
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
          what: 'Diese E-Mail-Adresse wurde für ein Konto angegeben und ist noch nicht bestätigt.',
          go: 'Bestätigen, dass sie Ihnen gehört',
          otherwise: 'Wenn Sie kein solches Konto kennen, tun Sie nichts.',
        },
        email_change: {
          subject: 'Neue E-Mail-Adresse bestätigen',
          what: 'Diese E-Mail-Adresse soll zu einem Konto gehören, anstelle der bisherigen.',
          go: 'Bestätigen, dass sie Ihnen gehört',
          otherwise: 'Wenn Sie das nicht angefordert haben, tun Sie nichts: Es ändert sich nichts.',
        },
      },
      totp: 'Eine Authenticator-App',
      passkey: 'Ein Passkey',
      another: 'einem anderen Anbieter',
      ways: { totp: 'Authenticator-App', passkey: 'Passkey', recovery_codes: 'alle Wiederherstellungscodes' },
      waysEnded: (ways) => `Anmeldeverfahren, die vielleicht nicht von Ihnen stammen, wurden entfernt: ${ways}.`,
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
          'Jemand hat sich mit einem Wiederherstellungscode an Ihrem Konto angemeldet.',
        ],
        email_change_asked: () => [
          'Ihre E-Mail-Adresse soll sich ändern',
          'In Ihrem Konto wurde eine andere E-Mail-Adresse angefordert. Sie gilt, sobald sie bestätigt ist.',
        ],
        email_changed: () => ['Ihre E-Mail-Adresse wurde geändert', 'Die E-Mail-Adresse Ihres Kontos wurde geändert.'],
        email_change_stopped: () => [
          'Die Änderung Ihrer E-Mail-Adresse wurde gestoppt',
          'Von der bisherigen E-Mail-Adresse Ihres Kontos aus wurde deren Änderung gestoppt oder rückgängig gemacht. Alle Sitzungen wurden beendet.',
        ],
        new_sign_in: (device) => [
          'Neue Anmeldung an Ihrem Konto',
          device === ''
            ? 'Jemand hat sich an Ihrem Konto mit einem Browser angemeldet, mit dem es bisher nicht benutzt wurde.'
            : `Jemand hat sich an Ihrem Konto mit ${device} angemeldet, einem Browser, mit dem es bisher nicht benutzt wurde.`,
        ],
        account_linked: (provider) => [
          'Eine Anmeldung über ein anderes Konto wurde hinzugefügt',
          `Sie können sich jetzt mit ${provider} an Ihrem Konto anmelden.`,
        ],
        account_unlinked: (provider) => [
          'Eine Anmeldung über ein anderes Konto wurde entfernt',
          `Mit ${provider} ist keine Anmeldung an Ihrem Konto mehr möglich.`,
        ],
        sessions_ended: () => [
          'Sie wurden abgemeldet',
          'Anmeldungen an Ihrem Konto wurden auf einem oder mehreren Geräten beendet.',
        ],
        guessing: () => [
          'Jemand versucht, sich an Ihrem Konto anzumelden',
          'Viele Versuche, sich an Ihrem Konto anzumelden, sind fehlgeschlagen; sie kamen von Geräten, auf denen es bisher nicht benutzt wurde. Ihr Konto ist nicht gesperrt. Ein Passkey lässt sich nicht erraten: Fügen Sie einen hinzu, wenn Sie keinen haben.',
        ],
        unusual_sign_in: () => [
          'Ungewöhnliche Anmeldung an Ihrem Konto',
          'An Ihrem Konto gab es eine für Sie ungewöhnliche Anmeldung: von einem neuen Gerät oder weit entfernt vom Ort der letzten.',
        ],
        unusual_use: () => [
          'Ungewöhnliche Nutzung Ihres Kontos',
          'Eine Anwendung hat Ihr Konto so benutzt, dass ihr Zugriff kopiert worden sein könnte.',
        ],
        access_ended: () => [
          'Ungewöhnliche Nutzung Ihres Kontos',
          'Eine Anwendung hat Ihr Konto so benutzt, dass ihr Zugriff kopiert worden sein könnte. Dieser Zugriff wurde zu Ihrer Sicherheit beendet.',
        ],
        proof_reused: () => [
          'Ein Code, Passkey oder Link von Ihnen wurde zweimal verwendet',
          'Ein Code, Passkey oder Link Ihres Kontos, der nur einmal gilt, kam ein zweites Mal und wurde abgelehnt. Wurde nur ein Formular doppelt gesendet, ist das harmlos; sonst könnte ihn jemand kopiert haben.',
        ],
        proof_reused_signed_out: () => [
          'Ein Code, Passkey oder Link von Ihnen wurde zweimal verwendet',
          'Ein Code, Passkey oder Link Ihres Kontos, der nur einmal gilt, kam ein zweites Mal und wurde abgelehnt. Jemand könnte ihn kopiert haben, deshalb wurden alle abgemeldet.',
        ],
      },
    },
    ar: {
      account: (host, name) => (name === undefined ? `الحساب: ${host}` : `الحساب: ${isolated(name)} لدى ${host}`),
      when: (time) => `الوقت: ${time}`,
      where: (place) => `المكان: ${place}`,
      network: (network) => `الشبكة ${isolated(network)}`,
      acts: {
        report: 'إذا لم تكن أنت، فأبلغ عن ذلك هنا: يُسجَّل خروج الجميع وتختار كلمة مرور جديدة',
        reset: 'إذا لم تكن أنت، فعيّن كلمة مرور جديدة الآن',
        again: 'لتسجيل الدخول مجددًا، عيّن كلمة مرور جديدة',
        factors: 'إذا لم تكن أنت، فتفقّد طرق تسجيل الدخول إلى حسابك وأزل ما ليس لك',
      },
      takesBack: 'في الرسالة التي أعلنت هذا التغيير للعنوان السابق رابط يلغيه خلال بضعة أيام.',
      closing: (host) =>
        `لا نطلب كلمة مرورك بالبريد الإلكتروني أبدًا. إذا شككت في هذه الرسالة، فلا تفتح أي رابط فيها، واكتب ${host} في متصفحك.`,
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
          what: 'أُدخل عنوان البريد الإلكتروني هذا لأحد الحسابات ولم يُؤكَّد بعد.',
          go: 'تأكيد أنه عنوانك',
          otherwise: 'إذا كنت لا تعرف هذا الحساب، فلا تفعل شيئًا.',
        },
        email_change: {
          subject: 'تأكيد عنوان بريدك الجديد',
          what: 'يراد أن يصبح هذا عنوان البريد الإلكتروني لأحد الحسابات بدلًا من العنوان السابق.',
          go: 'تأكيد أنه عنوانك',
          otherwise: 'إذا لم تطلب ذلك، فلا تفعل شيئًا: لن يتغير شيء.',
        },
      },
      totp: 'تطبيق مصادقة',
      passkey: 'مفتاح مرور',
      another: 'مزوّد آخر',
      ways: { totp: 'تطبيق مصادقة', passkey: 'مفتاح مرور', recovery_codes: 'جميع رموز الاسترداد' },
      waysEnded: (ways) => `أُزيلت طرق لتسجيل الدخول قد لا تكون لك: ${ways}.`,
      on: (browser, system) => `${isolated(browser)} على ${isolated(system)}`,
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
            ? 'سُجّل الدخول إلى حسابك من متصفح لم يُستخدم فيه من قبل.'
            : `سُجّل الدخول إلى حسابك باستخدام ${device}، وهو متصفح لم يُستخدم فيه من قبل.`,
        ],
        account_linked: (provider) => [
          'أُضيف تسجيل الدخول بحساب آخر',
          `يمكن الآن تسجيل الدخول إلى حسابك عبر ${provider}.`,
        ],
        account_unlinked: (provider) => [
          'أُزيل تسجيل الدخول بحساب آخر',
          `لم يعد بالإمكان تسجيل الدخول إلى حسابك عبر ${provider}.`,
        ],
        sessions_ended: () => ['تم تسجيل خروجك', 'سُجّل الخروج من حسابك على جهاز واحد أو أكثر.'],
        guessing: () => [
          'يحاول أحدهم تسجيل الدخول إلى حسابك',
          'فشلت محاولات كثيرة لتسجيل الدخول إلى حسابك من أجهزة لم يُستخدم فيها من قبل. حسابك ليس مقفلًا. لا يمكن تخمين مفتاح المرور: أضف واحدًا إن لم يكن لديك.',
        ],
        unusual_sign_in: () => [
          'تسجيل دخول غير معتاد إلى حسابك',
          'سُجّل الدخول إلى حسابك بطريقة غير معتادة لك: من جهاز جديد، أو من مكان بعيد عن المرة السابقة.',
        ],
        unusual_use: () => ['استخدام غير معتاد لحسابك', 'استخدم تطبيق حسابك بطريقة قد تعني أن أحدًا نسخ إذن وصوله.'],
        access_ended: () => [
          'استخدام غير معتاد لحسابك',
          'استخدم تطبيق حسابك بطريقة قد تعني أن أحدًا نسخ إذن وصوله. أُنهي ذلك الوصول حفاظًا على سلامتك.',
        ],
        proof_reused: () => [
          'استُخدم رمز أو مفتاح مرور أو رابط لك مرتين',
          'ورد مرة ثانية رمز أو مفتاح مرور أو رابط لحسابك لا يصلح إلا مرة واحدة، ورُفض. إذا أُرسل نموذج مرتين فلا ضرر في ذلك؛ وإلا فربما نسخه أحدهم.',
        ],
        proof_reused_signed_out: () => [
          'استُخدم رمز أو مفتاح مرور أو رابط لك مرتين',
          'ورد مرة ثانية رمز أو مفتاح مرور أو رابط لحسابك لا يصلح إلا مرة واحدة، ورُفض. ربما نسخه أحدهم، ولذلك سُجّل خروج الجميع.',
        ],
      },
    },
  },
)
