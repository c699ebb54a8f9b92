import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Browser } from '../../../test/servers/browser.ts'
import { freePort } from '../../../test/servers/free-port.ts'
import { type Sallyport, startSallyport } from '../../../test/servers/sallyport.ts'
import { linkIn } from '../../../test/servers/smtp-server.ts'
import { until } from '../../../test/servers/until.ts'
import type { ClientCredentials, DevCredentials } from './credentials.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-dev-'))
afterAll(() => rmSync(folder, { recursive: true }))
const running: Sallyport[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((sallyport) => sallyport.stop('SIGKILL')))
})

interface Demo {
  readonly sallyport: Sallyport
  readonly env: Readonly<Record<string, string>>
  readonly credentials: DevCredentials
}

const freePorts = async () => ({ AUTH_PORT: String(await freePort()), POLICY_PORT: String(await freePort()) })

async function startDemo(cwd: string, given: { main?: string; env?: Demo['env'] } = {}): Promise<Demo> {
  const { main, env = await freePorts() } = given
  const sallyport = startSallyport(['serve', '--dev'], { cwd, env, ...(main !== undefined && { main }) })
  running.push(sallyport)
  await sallyport.says(/ready in \d+ ms/, 60_000)
  return { sallyport, env, credentials: JSON.parse(readFileSync(join(cwd, 'var/dev/credentials.json'), 'utf8')) }
}

async function post(url: string, client: ClientCredentials, form: Record<string, string>) {
  const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) })
  const body: Record<string, unknown> = JSON.parse(await response.text())
  return { status: response.status, body }
}
const tokenOf = ({ issuer, client }: DevCredentials) =>
  post(`${issuer}/oauth/token`, client, { grant_type: 'client_credentials' })
const introspect = ({ issuer, resource_server }: DevCredentials, token: unknown) =>
  post(`${issuer}/oauth/introspect`, resource_server, { token: String(token) })

test('prints commands that work when pasted, and keeps what it made private', async () => {
  const { sallyport, credentials } = await startDemo(folder)
  const commands = sallyport.said.split('\n').filter((line) => line.startsWith('  curl '))
  expect(commands).toHaveLength(3)
  const answers = await Promise.all(commands.map((command) => run('sh', ['-c', command])))
  const [token, introspection, decision] = answers.map(({ stdout }) => JSON.parse(stdout))
  expect(token).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) })
  expect(introspection).toMatchObject({ active: true, client_id: credentials.client.client_id })
  expect(decision.result).toMatchObject({ allow: true, obligations: { permissions: ['orders:read'] } })

  const privateFiles = ['dev/credentials.json', 'dev/kek', 'dev/bundle-key.pem', 'sallyport.sqlite', 'log/audit.jsonl']
  for (const name of privateFiles)
    expect([name, statSync(join(folder, 'var', name)).mode & 0o777]).toEqual([name, 0o600])
  expect(Object.keys(credentials).toSorted()).toEqual(
    ['admin_client', 'admin_user', 'client', 'issuer', 'policy', 'resource_server', 'user'].toSorted(),
  )
  expect(credentials.client.redirect_uri).toBe(`${credentials.issuer}/demo/callback`)
})

test('a forgotten password can be tried: the letter lies in the folder that is told, its link sets a new one', async () => {
  const { sallyport, credentials } = await startDemo(folder)
  const { issuer, user } = credentials
  expect(sallyport.said).toContain(`${issuer}/account`)
  const [, mail = ''] = /written to (\S+)\/ as \.eml files/.exec(sallyport.said) ?? []
  const browser = new Browser(issuer)
  const sent = await browser.submit(await browser.visit(`${issuer}/password/forgot`), { username: user.username })
  expect(sent.status).toBe(200)
  const letters = () => readdirSync(resolve(folder, mail)).map((name) => readFileSync(resolve(folder, mail, name)))
  const linked = () => linkIn({ message: String(letters().at(-1)) }, '/password/reset')
  // The file is there before all of the letter is in it.
  await until(async () => linked() !== '', 'the letter is there')
  const link = linked()
  const done = await browser.submit(await browser.visit(link), { new_password: 'several words of mine' })
  expect([done.status, done.text]).toEqual([200, expect.stringContaining('Your password was changed')])
})

test('gives the admin client the scopes that SCIM and the admin API ask for', async () => {
  const { credentials } = await startDemo(folder)
  const { issuer, admin_client } = credentials
  const form = { grant_type: 'client_credentials', scope: 'scim admin' }
  const { body } = await post(`${issuer}/oauth/token`, admin_client, form)
  const headers = { authorization: `Bearer ${body.access_token}` }
  const [clients, users] = await Promise.all([
    fetch(`${issuer}/admin/clients`, { headers }),
    fetch(`${issuer}/scim/v2/Users?filter=${encodeURIComponent('userName eq "demo"')}`, { headers }),
  ])
  expect([clients.status, users.status]).toEqual([200, 200])
  expect(await users.json()).toMatchObject({ totalResults: 1 })

  // Wherever it listens, commands beside it find it: whoever asks.
  const beside = (...words: string[]) => {
    const command = startSallyport(words, { cwd: folder, env: { XDG_CONFIG_HOME: folder } })
    running.push(command)
    return command
  }
  writeFileSync(join(folder, 'token'), String(body.access_token))
  for (const words of [[], ['--token-file', 'token']]) {
    const keys = beside('keys', 'list', ...words)
    expect([await keys.ended, keys.said]).toEqual([0, expect.stringContaining('ES256')])
  }
  await beside('login').says(new RegExp(`Open ${issuer}/device`))
  const logout = beside('logout')
  expect([await logout.ended, logout.said]).toEqual([1, expect.stringContaining(`nobody is signed in to ${issuer} `)])
})

test('is found by commands of its folder, whatever its ports are', async () => {
  const { credentials } = await startDemo(folder)
  await tokenOf(credentials)
  const command = (...words: string[]) =>
    run(process.execPath, [join(ROOT, 'src/main.ts'), ...words], { cwd: folder, env: { PATH: process.env.PATH } })
  const [bundles, heads, keys] = await Promise.all([
    command('bundle', 'status', '--json'),
    command('audit', 'heads'),
    command('keys', 'list', '--json'),
  ])
  expect(JSON.parse(bundles.stdout)).toMatchObject([{ name: 'sallyport' }])
  expect(JSON.parse(heads.stdout).length).toBeGreaterThan(0)
  expect(keys.stdout).toContain('ES256')
})

test('keeps credentials and tokens from run to run, and ends cleanly', async () => {
  const first = await startDemo(folder)
  const { body } = await tokenOf(first.credentials)
  expect(await first.sallyport.stop()).toBe(0)
  const second = await startDemo(folder, { env: first.env })
  expect(second.credentials).toEqual(first.credentials)
  expect((await introspect(second.credentials, body.access_token)).body).toMatchObject({ active: true })
  expect(await second.sallyport.stop('SIGINT')).toBe(0)

  const elsewhere = await startDemo(folder)
  expect(elsewhere.credentials.client).toEqual({
    ...first.credentials.client,
    redirect_uri: `${elsewhere.credentials.issuer}/demo/callback`,
  })
  expect(elsewhere.credentials.user).toEqual(first.credentials.user)
})

test('leaves no watcher behind, even when it is killed', async () => {
  const { sallyport } = await startDemo(folder)
  await sallyport.says(/watching policies\//, 60_000)
  const children = await childrenOf(sallyport.process.pid)
  expect(children).toHaveLength(1)
  await sallyport.stop('SIGKILL')
  const deadline = Date.now() + 10_000
  while (children.some(isAlive)) {
    if (Date.now() > deadline) throw new Error('the watcher outlives its parent')
    await delay(50)
  }
})

const childrenOf = async (pid: number | undefined): Promise<readonly number[]> =>
  (await run('ps', ['-o', 'pid=', '--ppid', String(pid)])).stdout.trim().split(/\s+/).map(Number)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('serves on loopback only', async () => {
  const words = ['serve', '--dev', '--set', 'tls=terminated', '--set', 'auth.host=0.0.0.0']
  const sallyport = startSallyport(words, { cwd: folder })
  running.push(sallyport)
  expect(await sallyport.ended).toBe(1)
  expect(sallyport.said).toMatch(/auth\.host: --dev serves on loopback only/)
})

test.each(['AUTH_PORT', 'POLICY_PORT'])('says that %s must be another when the port is taken', async (name) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const env = { ...(await freePorts()), [name]: String(port) }
  const sallyport = startSallyport(['serve', '--dev'], { cwd: mkdtempSync(join(folder, 'taken-')), env })
  running.push(sallyport)
  const code = await sallyport.ended
  taken.close()
  expect(code).toBe(1)
  expect(sallyport.said).toContain(`is taken; set ${name}`)
  expect(sallyport.said).not.toContain('"level":50')
  expect(sallyport.said).not.toMatch(/^ {4}at /m)
})

test('follows an edited policy with the next token, without a restart, and after one', async () => {
  const copy = join(folder, 'copy')
  for (const name of ['src', 'web', 'scripts', 'policies', 'policy-tests', 'bundles', 'package.json'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  for (const name of ['node_modules', '.toolchain']) symlinkSync(join(ROOT, name), join(copy, name))
  const main = join(copy, 'src/main.ts')
  const demo = await startDemo(copy, { main })
  await demo.sallyport.says(/watching policies\//, 60_000)
  const rego = join(copy, 'policies/authz/token.rego')
  const edited = readFileSync(rego, 'utf8').replace(/access_token_ttl_seconds := \d+/, 'access_token_ttl_seconds := 77')
  writeFileSync(`${rego}.new`, edited)
  renameSync(`${rego}.new`, rego)
  const deadline = Date.now() + 60_000
  const ttl = async ({ credentials }: Demo) => (await tokenOf(credentials)).body.expires_in
  while ((await ttl(demo)) !== 77) {
    if (Date.now() > deadline) throw new Error(`the token did not follow:\n${demo.sallyport.said}`)
    await delay(100)
  }
  await demo.sallyport.stop()
  expect(await ttl(await startDemo(copy, { main }))).toBe(77)
})
