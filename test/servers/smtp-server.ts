/**
 * A mail server of a test: RFC 5321 over a real socket, with TLS from the first byte (RFC 8314) or by STARTTLS (RFC 3207) and
 * AUTH PLAIN (RFC 4954). It keeps what it takes, and refuses what a test tells it to.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls'
import type { CertificateFiles } from './certificates.ts'

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
  readonly encrypted: boolean
  readonly user: string | undefined
}

export interface SmtpServerOptions {
  readonly tls?: 'implicit' | 'starttls'
  readonly certificate?: CertificateFiles
  readonly user?: { readonly name: string; readonly password: string }
  /** Answer to a recipient or a letter, instead of taking it: `550 5.1.1 nobody`. */
  readonly refuse?: (step: 'RCPT' | 'DATA', value: string) => string | undefined
}

export interface SmtpServer {
  readonly port: number
  readonly received: readonly Received[]
  /** Connections that were opened so far. */
  readonly connections: number
  /** The next letter that came, or comes, to this mailbox with such a text, and was not asked for before. */
  next(to: string, text?: string): Promise<Received>
  close(): Promise<void>
}

/** Settings under which a service sends its letters there. */
export const mailThrough = ({ port }: Pick<SmtpServer, 'port'>) =>
  ({
    from: { name: 'Test', address: 'no-reply@example.com' },
    smtp: { host: '127.0.0.1', port, tls: 'none', connections: 1, timeoutMs: 5000 },
  }) as const

export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<SmtpServer> {
  const { tls, certificate } = options
  const secure = certificate && { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
  const received: Received[] = []
  const given = new Set<Received>()
  const waiting: (() => void)[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const onMail = (mail: Received): void => {
    received.push(mail)
    for (const look of waiting.splice(0)) look()
  }
  const talk = (socket: Socket): void => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    converse(socket, { ...options, secure, onMail })
  }
  const server = tls === 'implicit' ? createTlsServer(secure ?? {}, talk) : createServer(talk)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    received,
    get connections() {
      return connections
    },
    next: async (to, text = '') => {
      for (;;) {
        const found = received.find(
          (mail) => mail.to.includes(to) && bodyOf(mail.message).includes(text) && !given.has(mail),
        )
        if (found !== undefined) {
          given.add(found)
          return found
        }
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

interface Talk extends SmtpServerOptions {
  readonly secure: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly onMail: (mail: Received) => void
}

function converse(first: Socket, { tls, secure, user, refuse, onMail }: Talk): void {
  let socket = first
  let text = ''
  let from = ''
  let to: string[] = []
  let inData = false
  let signedIn: string | undefined
  const say = (line: string): void => void socket.write(`${line}\r\n`)

  const take = (message: string): void => {
    const refusal = refuse?.('DATA', message)
    if (refusal === undefined) onMail({ from, to, message, encrypted: socket instanceof TLSSocket, user: signedIn })
    say(refusal ?? '250 taken')
    to = []
  }
  const upgrade = (): void => {
    say('220 go on')
    first.removeAllListeners('data')
    socket = new TLSSocket(first, { isServer: true, secureContext: createSecureContext(secure) })
    socket.on('data', hear)
    socket.on('error', () => undefined)
  }
  const signIn = (credentials = ''): string => {
    const [, name, password] = Buffer.from(credentials, 'base64').toString().split('\0')
    signedIn = name === user?.name && password === user?.password ? name : undefined
    return signedIn === undefined ? '535 5.7.8 no' : '235 welcome'
  }
  const hello = (): string => {
    const offersTls = tls === 'starttls' && !(socket instanceof TLSSocket)
    return `250-mail.test\r\n${offersTls ? '250-STARTTLS\r\n' : user ? '250-AUTH PLAIN\r\n' : ''}250 8BITMIME`
  }
  const recipient = (mailbox: string): string => {
    const refusal = refuse?.('RCPT', mailbox)
    if (refusal === undefined) to.push(mailbox)
    return refusal ?? '250 ok'
  }
  const command = (line: string): void => {
    const [verb = '', ...rest] = line.split(' ')
    const mailbox = /<(.*)>/.exec(line)?.[1] ?? ''
    if (verb === 'STARTTLS' && tls === 'starttls') upgrade()
    else if (verb === 'STARTTLS') say('502 5.5.1 not here')
    else if (verb === 'EHLO') say(hello())
    else if (verb === 'AUTH') say(signIn(rest[1]))
    else if (verb === 'RCPT') say(recipient(mailbox))
    else if (verb === 'MAIL') {
      from = mailbox
      say(user && signedIn === undefined ? '530 5.7.0 sign in' : '250 ok')
    } else if (verb === 'DATA') {
      inData = true
      say('354 go on')
    } else if (verb === 'QUIT') socket.end('221 bye\r\n')
    else say('250 ok')
  }
  function hear(bytes: Buffer): void {
    text += bytes.toString('latin1')
    for (;;) {
      const ending = inData ? '\r\n.\r\n' : '\r\n'
      const end = text.indexOf(ending)
      if (end < 0) return
      const part = text.slice(0, end)
      text = text.slice(end + ending.length)
      if (inData) {
        inData = false
        take(part.replaceAll(/(^|\r\n)\.\./g, '$1.'))
      } else command(part)
    }
  }
  socket.on('data', hear)
  socket.on('error', () => undefined)
  say('220 mail.test')
}

const unquoted = (text: string): string =>
  Buffer.from(
    text
      .replaceAll(/=\r?\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString()

/** The body of a letter of one part, or of its part of that type, decoded: RFC 2045 6.7, RFC 2046 5.1. */
export function bodyOf(message: string, type: 'text/plain' | 'text/html' = 'text/plain'): string {
  const boundary = /boundary="([^"]+)"/.exec(message)?.[1]
  const parts = boundary === undefined ? [message] : message.split(`--${boundary}`)
  const part = parts.find((one) => one.includes(`Content-Type: ${type}`)) ?? ''
  const at = /\r?\n\r?\n/.exec(part)
  const [head, body] = at ? [part.slice(0, at.index), part.slice(at.index + at[0].length)] : [part, '']
  if (/quoted-printable/i.test(head)) return unquoted(body)
  if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString()
  return body
}

/** The one address of ours in a letter. */
export function linkIn({ message }: Pick<Received, 'message'>, path: string): string {
  const found = bodyOf(message)
    .match(/https?:\/\/\S+/g)
    ?.find((link) => new URL(link).pathname === path)
  if (found === undefined) throw new Error(`no link to ${path} in the letter`)
  return found
}
