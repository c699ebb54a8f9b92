/**
 * The mail port: what sends letters to people. `send` queues and returns at once, so that nobody learns from the time of an
 * answer whether a letter went out (checklist 37).
 */

/** What the letter is about: a bounded word for metrics, audit and file names, never a value. */
export type MailKind = 'password_reset' | 'email_verify' | 'email_change' | 'notice'

export interface Mail {
  /** One mailbox, as the person's record holds it. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
  readonly kind: MailKind
  /** Milliseconds since the Unix epoch: not worth sending from then on, as its link has ended. */
  readonly until?: number
}

export interface Mailer {
  /** False where no way to send is configured: what needs letters says so, and sends none. */
  readonly enabled: boolean
  /** Never waits, never throws; what cannot be sent in the end is told to `onOutcome`. */
  send(mail: Mail): void
  /** Sends what waits, for a moment; what is left then is given up. */
  close(): Promise<void>
}

/** One way out: resolves once the letter is taken. */
export interface MailTransport {
  deliver(mail: Mail): Promise<void>
  close(): void
}

/** The letter will never be taken as it is: the address does not exist, or the server wants none of it. RFC 5321 4.2.1, 5yz. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused'
}

/** Where nothing is configured. */
export const noMail: Mailer = { enabled: false, send: () => undefined, close: async () => undefined }

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

/** One plain mailbox with a domain of two labels or more, RFC 5321 4.1.2 without quoted and literal forms: what may be put in by a person. */
export function isMailbox(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, labels] = [text.slice(0, at), text.slice(at + 1).split('.')]
  if (at < 1 || text.length > 254 || local.length > 64 || !LOCAL.test(local)) return false
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
}
