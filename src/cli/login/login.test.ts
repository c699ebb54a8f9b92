/** The commands as a person at a terminal runs them, against the auth service with its real parts. RFC 8628. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeAt, confirmTotp, MFA_ACR, openOwnPage, signInByPassword } from '../../../test/flows/factors.ts'
import { createPersonWithoutFactors } from '../../../test/flows/use-factors.ts'
import { startAuthService, type TestService } from '../../../test/servers/auth-service.ts'
import { Browser } from '../../../test/servers/browser.ts'
import { clientRecord, TENANT } from '../../../test/servers/population.ts'
import { Refused } from '../refused.ts'
import { CLI_CLIENT } from './commands.ts'
import { deviceLogin } from './device-flow.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-login-'))
const logins = join(folder, 'sallyport', 'logins.json')
let service: TestService
beforeAll(async () => {
  service = await startAuthService()
  const cli = clientRecord(CLI_CLIENT, 'unused', {
    type: 'public',
    secretDigests: [],
    firstParty: true,
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'offline_access', 'admin', 'scim'],
    audience: ['urn:sallyport:platform'],
  })
  await service.store.clients.create(TENANT, cli)
  const user = await service.store.users.find(TENANT, service.population.user.sub)
  if (user === undefined) throw new Error('no user')
  const administrator = { ...user, roles: [...user.roles, 'platform_admin'], version: user.version + 1 }
  await service.store.users.replace(TENANT, administrator, user.version)
})
afterAll(async () => {
  await service?.close()
  rmSync(folder, { recursive: true })
})

interface Run {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<number | null>
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [resolve('src/main.ts'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: folder },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((done) => child.once('close', done))
  return { child, output: () => output, ended }
}

const url = () => ['--url', service.issuer]

test('a person signs in by a code in their browser; commands act as them, until they sign out', async () => {
  const login = run('login', ...url())
  await expect.poll(login.output, { timeout: 60_000 }).toMatch(/\/device\?user_code=[A-Z]{4}-[A-Z]{4}/)
  const [address = ''] = /http\S+user_code=\S+/.exec(login.output()) ?? []
  const browser = new Browser(service.issuer)
  const { userName, password } = service.population.user
  let page = await browser.visit(address)
  page = await browser.submit(page, { username: userName })
  page = await browser.submit(page, { password })
  expect(page.text).toContain(`<code>${address.slice(-9)}</code>`)
  await browser.submit(page, { answer: 'allow' })
  // The clock of the test's service stands still; a poll counts once its interval has passed.
  service.advance(5)
  expect(await login.ended).toBe(0)
  expect(login.output()).toContain(`Signed in to ${service.issuer}.`)
  expect(statSync(logins).mode & 0o777).toBe(0o600)
  const kept = readFileSync(logins, 'utf8')
  expect(login.output()).not.toContain(JSON.parse(kept)[service.issuer].access_token)

  const keys = run('keys', 'list', ...url())
  expect([await keys.ended, keys.output()]).toEqual([0, expect.stringContaining('ES256')])

  const out = run('logout', ...url())
  expect([await out.ended, out.output()]).toEqual([0, `Signed out of ${service.issuer}.\n`])
  expect(JSON.parse(readFileSync(logins, 'utf8'))).toEqual({})
  const after = run('keys', 'list', ...url())
  expect([await after.ended, after.output()]).toEqual([2, expect.stringContaining('sallyport login')])
})

test('who has a second factor is asked for it there too, and the command waits until it is shown (checklist 39)', async () => {
  const person = await createPersonWithoutFactors(service)
  const owner = new Browser(service.issuer)
  await signInByPassword(service, owner, {}, person)
  const enrolment = await openOwnPage(service, owner, '/mfa/enrol/totp', person)
  const { secret } = await confirmTotp(owner, enrolment, Date.now() / 1000)

  const login = run('login', ...url(), '--scope', 'openid')
  await expect.poll(login.output, { timeout: 60_000 }).toMatch(/user_code=\S+/)
  const [address = ''] = /http\S+user_code=\S+/.exec(login.output()) ?? []
  const browser = new Browser(service.issuer)
  const page = await browser.submit(await browser.visit(address), { username: person.userName })
  const asked = await browser.submit(page, { password: person.password })
  expect([new URL(asked.url).pathname, login.child.exitCode]).toEqual(['/mfa/totp', null])
  // The step that confirmed the app is spent.
  const confirm = await browser.submit(asked, { code: codeAt(secret, Date.now() / 1000 + 30) })
  await browser.submit(confirm, { answer: 'allow' })
  service.advance(5)
  expect(await login.ended).toBe(0)
  const kept = JSON.parse(readFileSync(logins, 'utf8'))[service.issuer]
  expect(decodeJwt(kept.access_token).acr).toBe(MFA_ACR)
})

test('refused in the browser: said in one line, exit code 1; a client that may not: how to mend it', async () => {
  const login = run('login', ...url(), '--scope', 'openid')
  await expect.poll(login.output, { timeout: 60_000 }).toMatch(/user_code=\S+/)
  const [address = ''] = /http\S+user_code=\S+/.exec(login.output()) ?? []
  const browser = new Browser(service.issuer)
  const { userName, password } = service.population.user
  const page = await browser.submit(await browser.visit(address), { username: userName })
  await browser.submit(await browser.submit(page, { password }), { answer: 'deny' })
  expect(await login.ended).toBe(1)
  expect(login.output()).toContain('sallyport: it was refused in the browser')
  const nobody = run('login', ...url(), '--client-id', 'nobody')
  expect([await nobody.ended, nobody.output()]).toEqual([1, expect.stringContaining('docs/administration.md')])
})

type Answer = (answer: ServerResponse) => unknown

const saying =
  (status: number, body: unknown): Answer =>
  (answer) =>
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const pending = saying(400, { error: 'authorization_pending' })
const gone: Answer = (answer) => answer.destroy()

/** Signs in at a service that answers polls as told, the last answer again and again; intervals are of a tenth of a second. */
async function signInAt(expiresIn: number, ...answers: readonly Answer[]) {
  const begun = { device_code: 'd', user_code: 'BCDF-GHJK', verification_uri: 'https://id.example/device' }
  let polls = 0
  const server = createServer((request, answer) => {
    request.resume()
    if (request.url !== '/oauth/token') saying(200, { ...begun, expires_in: expiresIn, interval: 0.1 })(answer)
    else answers[Math.min(polls++, answers.length - 1)]?.(answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const asked = { clientId: CLI_CLIENT, scope: 'openid' }
    const outcome = await deviceLogin(base, asked, () => undefined).catch((error: unknown) => error)
    return { outcome, polls }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('a service that is away, overloaded or failing while it is polled ends nothing (RFC 8628 3.5)', async () => {
  const tokens = saying(200, { access_token: 'a', expires_in: 60 })
  const limited = saying(429, { error: 'temporarily_unavailable' })
  const failing = saying(502, {})
  const { outcome, polls } = await signInAt(600, gone, failing, limited, pending, gone, tokens)
  expect(outcome).toMatchObject({ client_id: CLI_CLIENT, access_token: 'a' })
  expect(polls).toBe(6)
})

test('it stops when the code has expired, and says so; without answers it asks less and less often (RFC 8628 3.5)', async () => {
  const { outcome, polls } = await signInAt(0.5, pending)
  expect(outcome).toEqual(new Refused('nobody answered in time: begin anew'))
  expect(polls).toBeGreaterThan(0)
  const away = await signInAt(1.6, gone)
  expect(away.outcome).toBeInstanceOf(Refused)
  expect(String(away.outcome)).toMatch(/nobody answered in time: begin anew \(the auth service does not answer at /)
  // After 0.1, 0.3, 0.7 and 1.5 seconds; sixteen, were they all a tenth apart.
  expect(away.polls).toBeLessThanOrEqual(4)
})
