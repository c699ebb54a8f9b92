/** What the configuration says of letters, as the mail port takes it; secrets and keys are read here, once. */
import { readFileSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { readSecretFile } from '../../config/secrets.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { parseSender } from '../../mail/message.ts'
import type { MailSettings } from '../../mail/open.ts'
import type { SmtpOptions } from '../../mail/smtp.ts'

/** Undefined: no letters are sent. */
export function mailSettings({ mail }: Pick<Config, 'mail'>): MailSettings | undefined {
  const from = mail.from === undefined ? undefined : parseSender(mail.from)
  if (from === undefined) return undefined
  if (mail.directory !== undefined) return { from, directory: mail.directory }
  return mail.smtp && { from, smtp: smtpOptions(mail.smtp) }
}

function smtpOptions(smtp: NonNullable<Config['mail']['smtp']>): SmtpOptions {
  const { host, port, tls, connections, ca_file: caFile, username, dkim } = smtp
  const password =
    smtp.password ?? (smtp.password_file && readSecretFile(smtp.password_file, 'mail.smtp.password_file'))
  return {
    host,
    port,
    tls,
    connections,
    timeoutMs: smtp.timeout_seconds * 1000,
    ...(caFile !== undefined && { ca: readFile(caFile, 'mail.smtp.ca_file') }),
    ...(username !== undefined && password !== undefined && { user: { name: username, password } }),
    ...(dkim && {
      dkim: {
        domain: dkim.domain,
        selector: dkim.selector,
        privateKey: readFile(dkim.key_file, 'mail.smtp.dkim.key_file'),
      },
    }),
  }
}

function readFile(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${setting}: ${file} cannot be read`, { cause })
  }
}
