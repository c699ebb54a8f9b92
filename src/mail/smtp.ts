/** Letters by SMTP (RFC 5321) with nodemailer: TLS always, unless the server is on loopback; a pool of connections; DKIM (RFC 6376) where configured. */
import { createTransport } from 'nodemailer'
import { type Mail, MailRefused, type MailTransport } from './mailer.ts'
import { messageOf, type Sender } from './message.ts'

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** From the first byte (RFC 8314 3.3), by STARTTLS and never without (RFC 3207), or none: loopback only. */
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly ca?: string
  readonly user?: { readonly name: string; readonly password: string }
  readonly connections: number
  readonly timeoutMs: number
  readonly dkim?: { readonly domain: string; readonly selector: string; readonly privateKey: string }
}

/** How many letters a connection carries before another takes its place. */
const MAIL_A_CONNECTION = 100

export function smtpTransport(from: Sender, options: SmtpOptions): MailTransport {
  const { host, port, tls, ca, user, connections, timeoutMs, dkim } = options
  const transport = createTransport({
    pool: true,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    ...(user && { auth: { user: user.name, pass: user.password } }),
    maxConnections: connections,
    maxMessages: MAIL_A_CONNECTION,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    allowInternalNetworkInterfaces: true,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim && {
      dkim: { domainName: dkim.domain, keySelector: dkim.selector, privateKey: dkim.privateKey },
    }),
  })
  return {
    deliver: async (mail) => {
      try {
        await transport.sendMail(messageOf(from, mail))
      } catch (cause) {
        throw failureOf(mail, cause)
      }
    },
    close: () => transport.close(),
  }
}

const numberAt = (error: unknown, key: string): number =>
  error instanceof Error ? Number(Reflect.get(error, key) ?? 0) : 0

/** The server's text may quote the address: only its code goes on. What failed before the letter was judged is tried again. */
function failureOf(mail: Mail, cause: unknown): Error {
  const code = numberAt(cause, 'responseCode')
  const step = cause instanceof Error ? String(Reflect.get(cause, 'code') ?? 'EUNKNOWN') : 'EUNKNOWN'
  const text = `smtp: ${/^[A-Z]{1,20}$/.test(step) ? step : 'EUNKNOWN'}${code > 0 ? ` ${code}` : ''} (${mail.kind})`
  const isJudged = step === 'EENVELOPE' || step === 'EMESSAGE'
  return isJudged && code >= 500 ? new MailRefused(text) : new Error(text)
}
