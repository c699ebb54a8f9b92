/** The e-mail address of an account: verified, or changed by a letter to the new one. */
import { type Content, html } from '../html.ts'
import { inAllLanguages } from './words.ts'

export const EMAIL = inAllLanguages(
  {
    title: 'E-mail address',
    now: (address: string) => html`Your address is <strong><bdi>${address}</bdi></strong>.`,
    none: 'No address is known.',
    notVerified: 'It is not verified yet.',
    verify: 'Send a letter to verify it',
    change: 'Another address',
    changeHint: 'A letter with a link goes there. Your address changes once the link is opened.',
    address: 'New e-mail address',
    send: 'Send the letter',
    sent: (address: Content) =>
      html`A letter is on its way to <strong><bdi>${address}</bdi></strong>. Open the link in it, in this browser or another.`,
    noAddress: 'Enter an e-mail address, such as name@example.com.',
    same: 'This is your address already.',
    noMail: 'This service sends no letters. Ask whoever runs it to change your address.',
    managed: 'Your address is kept by your organisation, and cannot be changed here.',
  },
  {
    de: {
      title: 'E-Mail-Adresse',
      now: (address) => html`Ihre Adresse ist <strong><bdi>${address}</bdi></strong>.`,
      none: 'Es ist keine Adresse bekannt.',
      notVerified: 'Sie ist noch nicht bestätigt.',
      verify: 'E-Mail zur Bestätigung senden',
      change: 'Eine andere Adresse',
      changeHint: 'Dorthin geht eine E-Mail mit einem Link. Ihre Adresse ändert sich, sobald der Link geöffnet wird.',
      address: 'Neue E-Mail-Adresse',
      send: 'E-Mail senden',
      sent: (address) =>
        html`Eine E-Mail an <strong><bdi>${address}</bdi></strong> ist unterwegs. Öffnen Sie den Link darin, in diesem oder einem anderen Browser.`,
      noAddress: 'Geben Sie eine E-Mail-Adresse ein, etwa name@example.com.',
      same: 'Das ist bereits Ihre Adresse.',
      noMail: 'Dieser Dienst versendet keine E-Mails. Bitten Sie den Betreiber, Ihre Adresse zu ändern.',
      managed: 'Ihre Adresse wird von Ihrer Organisation gepflegt und kann hier nicht geändert werden.',
    },
    ar: {
      title: 'البريد الإلكتروني',
      now: (address) => html`عنوانك هو <strong><bdi>${address}</bdi></strong>.`,
      none: 'لا يوجد عنوان معروف.',
      notVerified: 'لم يتم تأكيده بعد.',
      verify: 'إرسال رسالة لتأكيده',
      change: 'عنوان آخر',
      changeHint: 'تُرسل إليه رسالة فيها رابط. يتغير عنوانك بمجرد فتح الرابط.',
      address: 'البريد الإلكتروني الجديد',
      send: 'إرسال الرسالة',
      sent: (address) =>
        html`رسالة في طريقها إلى <strong><bdi>${address}</bdi></strong>. افتح الرابط الموجود فيها في هذا المتصفح أو غيره.`,
      noAddress: 'أدخل بريدًا إلكترونيًا مثل name@example.com.',
      same: 'هذا عنوانك بالفعل.',
      noMail: 'لا ترسل هذه الخدمة رسائل. اطلب من مشغّلها تغيير عنوانك.',
      managed: 'تتولى مؤسستك إدارة عنوانك، ولا يمكن تغييره هنا.',
    },
  },
)
