/**
 * What people are told of an error on a page, where they can be told more than its code says. An error carries the text as its
 * `detail`; pages find it in their own language (web/words/errors.ts). A detail that is not here is for developers, and stays English.
 */
export const TOLD = {
  expired: 'This sign-in has expired, or was started in another browser. Go back to the application and start again.',
  ended: 'This sign-in has ended. Start again from the application.',
  foreignForm: 'This form did not come from our own page in this browser. Go back to the application and start again.',
  foreignAccountForm:
    'This form did not come from our own page in this browser. Go back to your account and try again.',
  notFromHere: 'Signing in is not allowed from here or at this time.',
  anotherPerson: 'Another person signed in than the request is for.',
} as const

export type Told = keyof typeof TOLD

const byText = new Map<string, Told>(Object.entries(TOLD).map(([name, text]) => [text, name as Told]))

export const toldAs = (detail: string): Told | undefined => byText.get(detail)
