/** What stands around every page. */
import { inAllLanguages } from './words.ts'

export const FRAME = inAllLanguages(
  {
    languages: 'Language',
    faulty: (title: string) => `Error: ${title}`,
    support: 'Help',
    privacy: 'Privacy',
    terms: 'Terms',
  },
  {
    de: {
      languages: 'Sprache',
      faulty: (title) => `Fehler: ${title}`,
      support: 'Hilfe',
      privacy: 'Datenschutz',
      terms: 'Nutzungsbedingungen',
    },
    ar: {
      languages: 'اللغة',
      faulty: (title) => `خطأ: ${title}`,
      support: 'المساعدة',
      privacy: 'الخصوصية',
      terms: 'الشروط',
    },
  },
)
