/** A letter in the form that transports take; addresses are never parsed out of texts, so that one mailbox stays one. RFC 5322. */
import type { Mail } from './mailer.ts'

export interface Sender {
  readonly name: string
  readonly address: string
}

export const messageOf = (from: Sender, mail: Mail) => ({
  from: { ...from },
  to: { name: '', address: mail.to },
  subject: mail.subject,
  text: mail.text,
  ...(mail.html !== undefined && { html: mail.html }),
  // RFC 3834 5: nobody's holiday answers it.
  headers: { 'Auto-Submitted': 'auto-generated' },
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** `Name <mailbox>` or a mailbox alone; undefined when it is neither. */
export function parseSender(text: string): Sender | undefined {
  const [, name = '', address = ''] = /^(?:"?([^"<>\r\n]*?)"?\s*<)?([^\s<>"]+@[^\s<>"]+?)>?$/.exec(text.trim()) ?? []
  return address === '' ? undefined : { name: name.trim(), address }
}
