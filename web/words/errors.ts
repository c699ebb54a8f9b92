/** Errors that people read on a page: a heading by status, and what to do by what went wrong. docs/errors.md has what clients read. */
import type { OAuthErrorCode } from '../../src/kernel/error-codes.ts'
import { TOLD, type Told } from '../../src/kernel/told.ts'
import { inAllLanguages } from './words.ts'

/** Codes that a person can do something about, or should know of; any other is between the application and us. */
type Explained = Extract<
  OAuthErrorCode,
  | 'access_denied'
  | 'login_required'
  | 'unmet_authentication_requirements'
  | 'slow_down'
  | 'temporarily_unavailable'
  | 'server_error'
>

const english: {
  readonly titles: Readonly<Record<403 | 404 | 429 | 500 | 503, string>> & { readonly other: string }
  readonly told: Readonly<Record<Told, string>>
  readonly codes: Readonly<Record<Explained, string>>
  readonly notFound: string
  readonly other: string
  readonly details: string
  readonly reference: string
  /** `time`: with its unit, e.g. 5 minutes. */
  readonly wait: (time: string) => string
  readonly again: string
  readonly toAccount: string
} = {
  titles: {
    403: 'Not allowed',
    404: 'Nothing here',
    429: 'Too many attempts',
    500: 'Something went wrong',
    503: 'Not available right now',
    other: 'This request cannot go on',
  },
  told: TOLD,
  codes: {
    access_denied: 'The request was denied.',
    login_required: 'You must sign in. Go back to the application and start again.',
    unmet_authentication_requirements: 'Your sign-in does not reach the level that this request needs.',
    slow_down: 'Too many requests. Wait a while before you try again.',
    temporarily_unavailable: 'The service is temporarily unavailable. Try again in a moment.',
    server_error: 'It is our fault, not yours. Try again in a moment.',
  },
  notFound: 'There is nothing at this address. Go back to the application and start again.',
  other:
    'The application sent something that cannot be used. Go back to it and start again; if that does not help, tell those who run it.',
  details: 'Details for developers',
  reference: 'Reference',
  wait: (time) => `It works again in ${time}.`,
  again: 'Try again',
  toAccount: 'Go to your account',
}

export const ERRORS = inAllLanguages(english, {
  de: {
    titles: {
      403: 'Nicht erlaubt',
      404: 'Hier ist nichts',
      429: 'Zu viele Versuche',
      500: 'Etwas ist schiefgegangen',
      503: 'Zurzeit nicht verfügbar',
      other: 'Es geht hier nicht weiter',
    },
    told: {
      expired:
        'Diese Anmeldung ist abgelaufen oder wurde in einem anderen Browser begonnen. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
      noCookies:
        'Ihr Browser hat kein Cookie gesendet, und ohne geht keine Anmeldung. Erlauben Sie Cookies für diese Seite und beginnen Sie in der Anwendung neu; haben Sie in einem anderen Browser begonnen, machen Sie dort weiter.',
      ended: 'Diese Anmeldung ist beendet. Beginnen Sie in der Anwendung neu.',
      foreignForm:
        'Dieses Formular kam nicht von unserer eigenen Seite in diesem Browser. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
      foreignAccountForm:
        'Dieses Formular kam nicht von unserer eigenen Seite in diesem Browser. Gehen Sie zu Ihrem Konto zurück und versuchen Sie es erneut.',
      notFromHere: 'Von hier aus oder zu dieser Zeit ist die Anmeldung nicht erlaubt.',
      anotherPerson: 'Es hat sich eine andere Person angemeldet als die, um die es geht.',
      tooManyCodes: 'Zu viele falsche Codes. Warten Sie eine Weile, oder melden Sie sich auf andere Weise an.',
      factorFirst:
        'Ein zweiter Faktor lässt sich hier erst einrichten, wenn Sie sich mit einem angemeldet haben, den Sie schon haben.',
      factorNotFromHere:
        'Das lässt sich von hier aus jetzt nicht ändern. Benutzen Sie ein Gerät oder ein Netz, von dem aus Sie sich schon angemeldet haben, oder warten Sie eine Weile.',
      appAlready: 'Es gibt schon eine Authenticator-App. Entfernen Sie sie zuerst.',
      tooManyPasskeys: 'Es gibt zu viele Passkeys. Entfernen Sie zuerst einen.',
      noFactor: 'Es gibt keinen zweiten Faktor, der sich ändern ließe.',
      factorTooLate: 'Das hat zu lange gedauert. Gehen Sie zurück und scannen Sie einen neuen Code.',
      factorGone: 'Das gibt es nicht mehr. Gehen Sie zurück und sehen Sie noch einmal nach.',
      lastWayIn:
        'Es ist Ihre letzte Möglichkeit, sich anzumelden. Legen Sie zuerst ein Passwort fest, oder richten Sie einen Passkey ein.',
      connectedAlready: 'Dieses Konto lässt sich nicht verknüpfen: Es ist schon verknüpft.',
      noProvider: 'Diesen Anmeldedienst gibt es hier nicht.',
      notForThisDevice: 'Sie dürfen dieser Anwendung nicht geben, was sie verlangt.',
      foreignDeviceForm:
        'Dieses Formular kam nicht von unserer eigenen Seite in diesem Browser oder verlangt inzwischen etwas anderes. Geben Sie den Code noch einmal ein.',
      linkNotFromHere: 'Von hier aus oder zu dieser Zeit ist das nicht erlaubt.',
    },
    codes: {
      access_denied: 'Die Anfrage wurde abgelehnt.',
      login_required: 'Sie müssen sich anmelden. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
      unmet_authentication_requirements: 'Ihre Anmeldung erreicht nicht die Stufe, die diese Anfrage verlangt.',
      slow_down: 'Zu viele Anfragen. Warten Sie eine Weile, bevor Sie es erneut versuchen.',
      temporarily_unavailable: 'Der Dienst ist vorübergehend nicht verfügbar. Versuchen Sie es gleich noch einmal.',
      server_error: 'Der Fehler liegt bei uns, nicht bei Ihnen. Versuchen Sie es gleich noch einmal.',
    },
    notFound: 'Unter dieser Adresse gibt es nichts. Gehen Sie zur Anwendung zurück und beginnen Sie neu.',
    other:
      'Die Anwendung hat etwas gesendet, das sich nicht verwenden lässt. Gehen Sie zu ihr zurück und beginnen Sie neu; hilft das nicht, wenden Sie sich an ihren Betreiber.',
    details: 'Einzelheiten für Entwickler',
    reference: 'Kennung',
    wait: (time) => `Es geht wieder in ${time}.`,
    again: 'Noch einmal versuchen',
    toAccount: 'Zu Ihrem Konto',
  },
  ar: {
    titles: {
      403: 'غير مسموح',
      404: 'لا يوجد شيء هنا',
      429: 'محاولات كثيرة جدًا',
      500: 'حدث خطأ ما',
      503: 'غير متاح حاليًا',
      other: 'لا يمكن متابعة هذا الطلب',
    },
    told: {
      expired: 'انتهت صلاحية تسجيل الدخول هذا أو بدأ في متصفح آخر. ارجع إلى التطبيق وابدأ من جديد.',
      noCookies:
        'لم يرسل متصفحك أي ملف تعريف ارتباط، ولا يمكن تسجيل الدخول بدونه. اسمح بملفات تعريف الارتباط لهذا الموقع وابدأ من جديد من التطبيق؛ وإن كنت قد بدأت في متصفح آخر فتابع هناك.',
      ended: 'انتهى تسجيل الدخول هذا. ابدأ من جديد من التطبيق.',
      foreignForm: 'لم يأتِ هذا النموذج من صفحتنا في هذا المتصفح. ارجع إلى التطبيق وابدأ من جديد.',
      foreignAccountForm: 'لم يأتِ هذا النموذج من صفحتنا في هذا المتصفح. ارجع إلى حسابك وحاول مرة أخرى.',
      notFromHere: 'تسجيل الدخول غير مسموح من هذا المكان أو في هذا الوقت.',
      anotherPerson: 'سجّل الدخول شخص آخر غير المقصود بهذا الطلب.',
      tooManyCodes: 'رموز خاطئة كثيرة جدًا. انتظر قليلاً أو استخدم طريقة أخرى لتسجيل الدخول.',
      factorFirst: 'لا يمكن إضافة عامل ثانٍ هنا إلا بعد تسجيل الدخول بعامل لديك بالفعل.',
      factorNotFromHere: 'لا يمكن تغيير هذا من هنا الآن. استخدم جهازًا أو شبكة سجّلت الدخول منها من قبل، أو انتظر قليلاً.',
      appAlready: 'يوجد تطبيق مصادقة بالفعل. أزله أولاً.',
      tooManyPasskeys: 'يوجد عدد كبير جدًا من مفاتيح المرور. أزل واحدًا أولاً.',
      noFactor: 'لا يوجد عامل ثانٍ لتغييره.',
      factorTooLate: 'استغرق هذا وقتًا طويلاً. ارجع وامسح رمزًا جديدًا.',
      factorGone: 'لم يعد هذا موجودًا. ارجع وتحقق مرة أخرى.',
      lastWayIn: 'هذه آخر طريقة لديك لتسجيل الدخول. عيّن كلمة مرور أو أضف مفتاح مرور أولاً.',
      connectedAlready: 'لا يمكن ربط هذا الحساب لأنه مرتبط بالفعل.',
      noProvider: 'لا يوجد موفر هوية كهذا.',
      notForThisDevice: 'لا يحق لك منح هذا التطبيق ما يطلبه.',
      foreignDeviceForm: 'لم يأتِ هذا النموذج من صفحتنا في هذا المتصفح، أو أصبح يطلب شيئًا آخر. اكتب الرمز مرة أخرى.',
      linkNotFromHere: 'هذا غير مسموح من هذا المكان أو في هذا الوقت.',
    },
    codes: {
      access_denied: 'تم رفض الطلب.',
      login_required: 'يجب عليك تسجيل الدخول. ارجع إلى التطبيق وابدأ من جديد.',
      unmet_authentication_requirements: 'تسجيل دخولك لا يصل إلى المستوى الذي يتطلبه هذا الطلب.',
      slow_down: 'طلبات كثيرة جدًا. انتظر قليلاً قبل المحاولة مرة أخرى.',
      temporarily_unavailable: 'الخدمة غير متاحة مؤقتًا. حاول مرة أخرى بعد لحظات.',
      server_error: 'الخطأ من جانبنا وليس منك. حاول مرة أخرى بعد لحظات.',
    },
    notFound: 'لا يوجد شيء في هذا العنوان. ارجع إلى التطبيق وابدأ من جديد.',
    other: 'أرسل التطبيق شيئًا لا يمكن استخدامه. ارجع إليه وابدأ من جديد، وإذا لم يُجدِ ذلك فأخبر القائمين عليه.',
    details: 'تفاصيل للمطورين',
    reference: 'الرقم المرجعي',
    wait: (time) => `يمكنك المحاولة من جديد بعد ${time}.`,
    again: 'إعادة المحاولة',
    toAccount: 'الانتقال إلى حسابك',
  },
})
