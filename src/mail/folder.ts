/** Letters as files, for development: one `.eml` (RFC 5322) a letter, there whole or not at all. */
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { randomId } from '../kernel/ids.ts'
import { replaceFile } from '../kernel/replace-file.ts'
import type { MailTransport } from './mailer.ts'
import { messageOf, type Sender } from './message.ts'

export function folderTransport(from: Sender, directory: string, nowMs: () => number): MailTransport {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  return {
    deliver: async (mail) => {
      const { message } = await transport.sendMail(messageOf(from, mail))
      if (!Buffer.isBuffer(message)) throw new Error('the letter was not put together')
      const at = new Date(nowMs()).toISOString().replaceAll(/[:.]/g, '-')
      await replaceFile(join(directory, `${at}-${mail.kind}-${randomId(6)}.eml`), message)
    },
    close: () => transport.close(),
  }
}
