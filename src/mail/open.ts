/** Opens what the configuration names: SMTP, a folder, or nothing. nodemailer is loaded only where letters are sent. */
import type { Clock } from '../kernel/clock.ts'
import { type Mailer, type MailTransport, noMail } from './mailer.ts'
import type { Sender } from './message.ts'
import { type QueueOptions, queuedMailer } from './queue.ts'
import type { SmtpOptions } from './smtp.ts'

export type MailSettings = { readonly from: Sender } & ({ readonly smtp: SmtpOptions } | { readonly directory: string })

export interface MailHost extends Pick<QueueOptions, 'onOutcome' | 'againMs'> {
  readonly clock: Clock
}

const FILES_AT_ONCE = 2

export async function openMail(settings: MailSettings | undefined, host: MailHost): Promise<Mailer> {
  if (settings === undefined) return noMail
  const concurrent = 'smtp' in settings ? settings.smtp.connections : FILES_AT_ONCE
  return queuedMailer(await openTransport(settings, host.clock), { ...host, concurrent })
}

async function openTransport(settings: MailSettings, clock: Clock): Promise<MailTransport> {
  if ('smtp' in settings) {
    const { smtpTransport } = await import('./smtp.ts')
    return smtpTransport(settings.from, settings.smtp)
  }
  const { folderTransport } = await import('./folder.ts')
  return folderTransport(settings.from, settings.directory, () => clock.nowMs())
}
