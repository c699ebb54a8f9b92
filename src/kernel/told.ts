/**
 * What people are told of an error on a page, where they can be told more than its code says. An error carries the text as its
 * `detail`; pages find it in their own language (web/words/errors.ts). A detail that is not here is for developers, and stays English.
 */
export const TOLD = {
  expired: 'This sign-in has expired, or was started in another browser. Go back to the application and start again.',
  noCookies:
    'Your browser sent no cookie, and nobody signs in without. Allow cookies for this site, and start again from the application; if you began in another browser, go on there.',
  ended: 'This sign-in has ended. Start again from the application.',
  foreignForm: 'This form did not come from our own page in this browser. Go back to the application and start again.',
  foreignAccountForm:
    'This form did not come from our own page in this browser. Go back to your account and try again.',
  notFromHere: 'Signing in is not allowed from here or at this time.',
  anotherPerson: 'Another person signed in than the request is for.',
  tooManyCodes: 'Too many wrong codes. Wait a while, or use another way to sign in.',
  factorFirst: 'A second factor can be added here only after you have signed in with one that you have.',
  factorNotFromHere:
    'This cannot be changed from here now. Use a device or network that you have signed in from before, or wait a while.',
  appAlready: 'There is an authenticator app already. Remove it first.',
  tooManyPasskeys: 'There are too many passkeys. Remove one first.',
  noFactor: 'There is no second factor to change.',
  factorTooLate: 'This took too long. Go back and scan a new code.',
  factorGone: 'That is not there any more. Go back and look again.',
  lastWayIn: 'It is your last way to sign in. Set a password or add a passkey first.',
  connectedAlready: 'This account cannot be connected: it is connected already.',
  noProvider: 'There is no such identity provider.',
  notForThisDevice: 'You may not give this application what it asks for.',
  foreignDeviceForm:
    'This form did not come from our own page in this browser, or asks for something else by now. Type the code again.',
  linkNotFromHere: 'This is not allowed from here or at this time.',
} as const

export type Told = keyof typeof TOLD

const byText = new Map<string, Told>(Object.entries(TOLD).map(([name, text]) => [text, name as Told]))

export const toldAs = (detail: string): Told | undefined => byText.get(detail)
