/** The device grant: the code, what it stands for, and that it is answered. RFC 8628 3.3 and 5.4. */
import { type Content, html } from '../html.ts'
import { inAllLanguages } from './words.ts'

/** An address reads from left to right in every language. */
const place = (address: string, country: string | undefined, network: string, comma = ', '): Content =>
  html`<bdi>${address}</bdi>${country !== undefined && html`${comma}${country}`} (${network})`

export const DEVICE = inAllLanguages(
  {
    connect: 'Connect a device',
    typeCode: 'Type the code that your device shows.',
    unknown: 'This code is not known, was answered, or has expired. Look at your device again.',
    code: 'Code',
    goOn: 'Continue',
    connectThis: 'Connect this device?',
    askedFrom: 'Asked from',
    from: (address: string, here: boolean, country: string | undefined) =>
      place(address, country, here ? 'the network that you are in' : 'another network than yours'),
    askedAt: 'Asked at',
    selfRegistered: 'This application registered itself, and nobody has checked its name.',
    onlyIf: 'Allow it only if you started this yourself, and the device in front of you shows this code.',
    whoSent: 'Whoever sent you a link or a code wants your account.',
    connected: 'Device connected',
    isConnected: 'Your device is connected',
    goesOn: 'Go back to it: it goes on in a few seconds. You can close this page.',
    notConnected: 'Device not connected',
    isNotConnected: 'Your device is not connected',
    noAccess: 'It gets no access to your account. You can close this page.',
  },
  {
    de: {
      connect: 'Gerät verbinden',
      typeCode: 'Geben Sie den Code ein, den Ihr Gerät anzeigt.',
      unknown: 'Dieser Code ist unbekannt, schon beantwortet oder abgelaufen. Sehen Sie noch einmal auf Ihr Gerät.',
      code: 'Code',
      goOn: 'Weiter',
      connectThis: 'Dieses Gerät verbinden?',
      askedFrom: 'Anfrage von',
      from: (address, here, country) =>
        place(address, country, here ? 'das Netz, in dem Sie sind' : 'ein anderes Netz als Ihres'),
      askedAt: 'Anfrage um',
      selfRegistered: 'Diese Anwendung hat sich selbst registriert, und niemand hat ihren Namen geprüft.',
      onlyIf: 'Erlauben Sie es nur, wenn Sie dies selbst begonnen haben und das Gerät vor Ihnen diesen Code anzeigt.',
      whoSent: 'Wer Ihnen einen Link oder einen Code geschickt hat, will an Ihr Konto.',
      connected: 'Gerät verbunden',
      isConnected: 'Ihr Gerät ist verbunden',
      goesOn: 'Gehen Sie zu ihm zurück: Dort geht es in wenigen Sekunden weiter. Sie können diese Seite schließen.',
      notConnected: 'Gerät nicht verbunden',
      isNotConnected: 'Ihr Gerät ist nicht verbunden',
      noAccess: 'Es erhält keinen Zugriff auf Ihr Konto. Sie können diese Seite schließen.',
    },
    ar: {
      connect: 'ربط جهاز',
      typeCode: 'اكتب الرمز الذي يعرضه جهازك.',
      unknown: 'هذا الرمز غير معروف أو تمت الإجابة عنه أو انتهت صلاحيته. انظر إلى جهازك مرة أخرى.',
      code: 'الرمز',
      goOn: 'متابعة',
      connectThis: 'هل تريد ربط هذا الجهاز؟',
      askedFrom: 'مصدر الطلب',
      from: (address, here, country) => place(address, country, here ? 'الشبكة التي أنت فيها' : 'شبكة غير شبكتك', '، '),
      askedAt: 'وقت الطلب',
      selfRegistered: 'سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد من اسمه.',
      onlyIf: 'لا تسمح به إلا إذا بدأت ذلك بنفسك، وكان الجهاز الذي أمامك يعرض هذا الرمز.',
      whoSent: 'من أرسل إليك رابطًا أو رمزًا يريد حسابك.',
      connected: 'تم ربط الجهاز',
      isConnected: 'تم ربط جهازك',
      goesOn: 'ارجع إليه: سيتابع خلال ثوانٍ قليلة. يمكنك إغلاق هذه الصفحة.',
      notConnected: 'لم يتم ربط الجهاز',
      isNotConnected: 'لم يتم ربط جهازك',
      noAccess: 'لن يحصل على أي وصول إلى حسابك. يمكنك إغلاق هذه الصفحة.',
    },
  },
)
