/** A person's own data: a copy, and the end of it. */
import { html } from '../html.ts'
import { inAllLanguages } from './words.ts'

export const ACCOUNT_DATA = inAllLanguages(
  {
    title: 'Your data',
    copy: 'A copy to keep',
    copyLead:
      'Everything that is kept about you here, as a JSON file: profile, sign-in methods, devices, sessions, apps and recent activity. Passwords and keys are not in it.',
    download: 'Download my data',
    end: 'Delete your account',
    endLead:
      'Your account and everything that belongs to it is deleted, you are signed out everywhere, and apps lose their access. This cannot be undone.',
    confirm: (name: string) => html`To confirm, type your user name <strong class="account">${name}</strong>`,
    unconfirmed: 'This is not your user name. Nothing was deleted.',
    erase: 'Delete my account',
    erased: 'Your account is deleted',
    erasedLead: 'You are signed out everywhere. You can close this page.',
  },
  {
    de: {
      title: 'Ihre Daten',
      copy: 'Eine Kopie zum Aufheben',
      copyLead:
        'Alles, was hier über Sie gespeichert ist, als JSON-Datei: Profil, Anmeldearten, Geräte, Sitzungen, Apps und letzte Aktivitäten. Passwörter und Schlüssel sind nicht enthalten.',
      download: 'Meine Daten herunterladen',
      end: 'Konto löschen',
      endLead:
        'Ihr Konto und alles, was dazu gehört, wird gelöscht, Sie werden überall abgemeldet, und Apps verlieren ihren Zugriff. Das lässt sich nicht rückgängig machen.',
      confirm: (name) =>
        html`Geben Sie zur Bestätigung Ihren Benutzernamen <strong class="account">${name}</strong> ein`,
      unconfirmed: 'Das ist nicht Ihr Benutzername. Nichts wurde gelöscht.',
      erase: 'Mein Konto löschen',
      erased: 'Ihr Konto ist gelöscht',
      erasedLead: 'Sie sind überall abgemeldet. Sie können diese Seite schließen.',
    },
    ar: {
      title: 'بياناتك',
      copy: 'نسخة تحتفظ بها',
      copyLead:
        'كل ما هو محفوظ عنك هنا في ملف JSON: الملف الشخصي وطرق تسجيل الدخول والأجهزة والجلسات والتطبيقات والنشاط الأخير. لا يحتوي على كلمات المرور أو المفاتيح.',
      download: 'تنزيل بياناتي',
      end: 'حذف حسابك',
      endLead:
        'سيُحذف حسابك وكل ما يتعلق به، وسيتم تسجيل خروجك من كل مكان، وستفقد التطبيقات وصولها. لا يمكن التراجع عن ذلك.',
      confirm: (name) => html`للتأكيد، اكتب اسم المستخدم <strong class="account">${name}</strong>`,
      unconfirmed: 'هذا ليس اسم المستخدم الخاص بك. لم يُحذف شيء.',
      erase: 'حذف حسابي',
      erased: 'تم حذف حسابك',
      erasedLead: 'تم تسجيل خروجك من كل مكان. يمكنك إغلاق هذه الصفحة.',
    },
  },
)
