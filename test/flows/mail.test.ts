/** Letters that really leave: to a mail server over TLS, or into a folder. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Mail, MailTransport } from '../../src/mail/mailer.ts'
import { isMailbox } from '../../src/mail/mailer.ts'
import { parseSender } from '../../src/mail/message.ts'
import { openMail } from '../../src/mail/open.ts'
import { type MailOutcome, queuedMailer } from '../../src/mail/queue.ts'
import type { SmtpOptions } from '../../src/mail/smtp.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { bodyOf, type SmtpServerOptions, startSmtpServer } from '../servers/smtp-server.ts'

const FROM = { name: 'Söllyport', address: 'no-reply@sallyport.example' }
const LETTER: Mail = {
  to: 'ada@example.com',
  subject: 'Grüße — your link',
  text: `Go to https://issuer.example/password/reset?link=${'x'.repeat(60)} please.\n.\nÄ`,
  html: '<p>Ä</p>',
  kind: 'password_reset',
}

let folder: string
let certificates: Certificates
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-mail-'))
  certificates = await makeCertificates(folder)
})
afterAll(() => rm(folder, { recursive: true }))

async function against(server: SmtpServerOptions, client: Partial<SmtpOptions> = {}) {
  const smtp = await startSmtpServer({ certificate: certificates, ...server })
  const outcomes: MailOutcome[] = []
  const errors: unknown[] = []
  const mailer = await openMail(
    {
      from: FROM,
      smtp: {
        host: '127.0.0.1',
        port: smtp.port,
        tls: server.tls ?? 'none',
        ca: await readFile(certificates.caFile, 'utf8'),
        connections: 1,
        timeoutMs: 5000,
        ...client,
      },
    },
    {
      clock: systemClock,
      againMs: [5, 5],
      onOutcome: (_kind, outcome, error) => {
        outcomes.push(outcome)
        errors.push(error)
      },
    },
  )
  onTestFinished(async () => {
    await mailer.close()
    await smtp.close()
  })
  return { smtp, mailer, outcomes, errors }
}

describe('SMTP', () => {
  it.each(['implicit', 'starttls'] as const)(
    'delivers over TLS (%s), signed in, as text and HTML, and keeps the connection (RFC 8314, RFC 3207, RFC 4954)',
    async (tls) => {
      const user = { name: 'sallyport', password: 'pässword' }
      const { smtp, mailer } = await against({ tls, user }, { user })
      mailer.send(LETTER)
      const first = await smtp.next('ada@example.com')
      expect(first).toMatchObject({ from: FROM.address, to: ['ada@example.com'], encrypted: true, user: user.name })
      expect(bodyOf(first.message).replaceAll('\r\n', '\n').trimEnd()).toBe(LETTER.text)
      expect(bodyOf(first.message, 'text/html').trim()).toBe(LETTER.html)
      expect(first.message).toMatch(/^Auto-Submitted: auto-generated\r$/m)
      mailer.send(LETTER)
      await smtp.next('ada@example.com')
      expect(smtp.connections).toBe(1)
    },
  )

  it('never falls back: a server without STARTTLS, or with a foreign certificate, gets nothing (RFC 8314 4.1)', async () => {
    const plain = await against({}, { tls: 'starttls' })
    plain.mailer.send(LETTER)
    await expect.poll(() => plain.outcomes).toEqual(['again', 'again', 'given_up'])
    expect(plain.smtp.received).toEqual([])
    const other = await makeCertificates(await mkdtemp(join(folder, 'other-')))
    const foreign = await against({ tls: 'implicit' }, { ca: await readFile(other.caFile, 'utf8') })
    foreign.mailer.send(LETTER)
    await expect.poll(() => foreign.outcomes).toEqual(['again', 'again', 'given_up'])
    expect(foreign.smtp.received).toEqual([])
  })

  it('tries again what is put off, and not what is refused; the error holds no address (RFC 5321 4.2.1)', async () => {
    let putOff = 2
    const later = await against({ refuse: (step) => (step === 'RCPT' && putOff-- > 0 ? '451 4.7.1 later' : undefined) })
    later.mailer.send(LETTER)
    await later.smtp.next('ada@example.com')
    await expect.poll(() => later.outcomes).toEqual(['again', 'again', 'sent'])
    const never = await against({ refuse: (_step, value) => `550 5.1.1 <${value}> is nobody here` })
    never.mailer.send(LETTER)
    await expect.poll(() => never.outcomes).toEqual(['refused'])
    expect(String(never.errors[0])).toBe('MailRefused: smtp: EENVELOPE 550 (password_reset)')
  })

  it('goes to one mailbox, whatever the text that is stored as one says (header injection)', async () => {
    const { smtp, mailer } = await against({})
    mailer.send({ ...LETTER, to: 'ada@example.com, eve@example.com' })
    mailer.send({ ...LETTER, to: 'ada@example.com\r\nBcc: eve@example.com' })
    mailer.send({ ...LETTER, to: 'ada@example.com', subject: 'x\r\nBcc: eve@example.com' })
    await expect.poll(() => smtp.received.some(({ to }) => to.join() === 'ada@example.com')).toBe(true)
    await mailer.close()
    for (const { to, message } of smtp.received) {
      expect(to).toHaveLength(1)
      expect(to).not.toContain('eve@example.com')
      expect(message).not.toMatch(/^bcc:/im)
    }
  })

  it('signs with DKIM where a key is configured (RFC 6376)', async () => {
    const rsa = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const dkim = { domain: 'sallyport.example', selector: 'mail', privateKey: rsa.privateKey }
    const { smtp, mailer } = await against({}, { dkim })
    mailer.send(LETTER)
    const { message } = await smtp.next('ada@example.com')
    expect(message).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256;[\s\S]*?d=sallyport\.example;[\s\S]*?s=mail;/m)
  })
})

describe('the queue', () => {
  const transport = (deliver: MailTransport['deliver']): MailTransport => ({ deliver, close: () => undefined })

  it('neither waits nor throws, whatever the transport does, and is bounded', async () => {
    const outcomes: MailOutcome[] = []
    const stuck = Promise.withResolvers<void>()
    const mailer = queuedMailer(
      transport(() => stuck.promise),
      { clock: systemClock, concurrent: 1, most: 3, onOutcome: (_kind, outcome) => void outcomes.push(outcome) },
    )
    for (let sent = 0; sent < 5; sent++) expect(mailer.send(LETTER)).toBeUndefined()
    expect(outcomes).toEqual(['no_room', 'no_room'])
    stuck.resolve()
    await mailer.close()
    expect(outcomes).toEqual(['no_room', 'no_room', 'sent', 'sent', 'sent'])
  })

  it('sends no link that has ended, and gives up what it cannot send when it is closed', async () => {
    const outcomes: MailOutcome[] = []
    const delivered: Mail[] = []
    const clock = { nowMs: () => 1000 }
    const onOutcome = (_kind: Mail['kind'], outcome: MailOutcome): void => void outcomes.push(outcome)
    const mailer = queuedMailer(
      transport(async (mail) => void delivered.push(mail)),
      { clock, concurrent: 1, onOutcome },
    )
    mailer.send({ ...LETTER, until: 1000 })
    mailer.send({ ...LETTER, until: 1001 })
    await mailer.close()
    expect(outcomes).toEqual(['late', 'sent'])
    const failing = queuedMailer(
      transport(() => Promise.reject(new Error('down'))),
      { clock, concurrent: 1, againMs: [3_600_000], onOutcome },
    )
    failing.send(LETTER)
    await expect.poll(() => outcomes).toEqual(['late', 'sent', 'again'])
    await failing.close()
    expect(outcomes).toEqual(['late', 'sent', 'again', 'given_up'])
    failing.send(LETTER)
    expect(outcomes.at(-1)).toBe('no_room')
  })
})

it('writes one whole file a letter where a folder is configured', async () => {
  const directory = join(folder, 'letters', 'mail')
  const mailer = await openMail({ from: FROM, directory }, { clock: systemClock, onOutcome: () => undefined })
  mailer.send(LETTER)
  mailer.send({ ...LETTER, to: 'bob@example.com', kind: 'notice' })
  await mailer.close()
  const files = (await readdir(directory)).sort()
  expect(files).toHaveLength(2)
  for (const file of files) expect(file).toMatch(/^[\dTZ-]+-(password_reset|notice)-[\w-]+\.eml$/)
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  expect(texts.join('\n')).toContain('To: ada@example.com')
  expect(bodyOf(texts[0] ?? '').trimEnd()).toBe(LETTER.text)
})

it('says that it is off where nothing is configured', async () => {
  const mailer = await openMail(undefined, { clock: systemClock, onOutcome: () => expect.unreachable() })
  expect(mailer.enabled).toBe(false)
  mailer.send(LETTER)
  await mailer.close()
})

it('takes one plain mailbox and nothing else from people (RFC 5321 4.1.2)', () => {
  for (const good of ['ada@example.com', "o'neil+x@mail.example.co.uk", 'a.b@xn--bcher-kva.example'])
    expect(isMailbox(good)).toBe(true)
  for (const bad of [
    ...['', 'ada', '@example.com', 'ada@', 'ada@localhost', 'a b@example.com', 'a@example.com,b@example.com'],
    ...[
      '<ada@example.com>',
      'ada@example.com\n',
      'ada@-x.example',
      'ada@10.0.0.1',
      'ada@[10.0.0.1]',
      'a..b@example.com',
    ],
    `${'x'.repeat(65)}@example.com`,
  ])
    expect(isMailbox(bad), bad).toBe(false)
  expect(parseSender('Sallyport <no-reply@example.com>')).toEqual({
    name: 'Sallyport',
    address: 'no-reply@example.com',
  })
  expect(parseSender('no-reply@example.com')).toEqual({ name: '', address: 'no-reply@example.com' })
  expect(parseSender('nobody')).toBeUndefined()
})
