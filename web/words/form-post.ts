/** While an answer is handed to a client by a form. */
import { inAllLanguages } from './words.ts'

export const FORM_POST = inAllLanguages(
  { goOn: 'Continue', sentBack: 'You are being sent back to the application.' },
  {
    de: { goOn: 'Weiter', sentBack: 'Sie werden zur Anwendung zurückgeleitet.' },
    ar: { goOn: 'متابعة', sentBack: 'تتم إعادتك إلى التطبيق.' },
  },
)
