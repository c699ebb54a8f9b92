/** The packed tarball, installed in a folder of its own as a user does it: the example API, and the command. */
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DevCredentials } from '../../src/cli/dev/credentials.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { addressOf, SCRIPTS } from '../../web/assets.ts'
import { answerOf, tokensFor } from '../flows/requests.ts'
import { KEY_ID, makeKeyPair, signedWith } from '../servers/bundle-desk.ts'
import { freePort } from '../servers/free-port.ts'
import { OPA } from '../servers/opa-server.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { type Sallyport, startSallyport } from '../servers/sallyport.ts'

const run = promisify(execFile)
const INSTALLS_WITHIN_MS = 180_000

const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))
const api = join(folder, 'api')
let provider: Sallyport
let credentials: DevCredentials

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: resolve('.') })
  cpSync(resolve('examples/resource-server'), api, { recursive: true })
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', [...install, join(folder, stdout.trim().split('\n').at(-1) ?? '')], { cwd: api })
  const ports = { AUTH_PORT: String(await freePort()), POLICY_PORT: String(await freePort()) }
  provider = startSallyport(['serve', '--dev'], { cwd: folder, env: ports })
  await provider.says(/ready in \d+ ms/, 60_000)
  credentials = JSON.parse(readFileSync(join(folder, 'var/dev/credentials.json'), 'utf8'))
}, INSTALLS_WITHIN_MS)
afterAll(async () => {
  await provider?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function tokenOf({ client_id: id, client_secret: secret }: DevCredentials['client']): Promise<string> {
  const answer = await fetch(`${credentials.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
  })
  return String((await answerOf(answer)).body.access_token)
}

/** Starts the example, asks it, and ends it; what it answers at `after` must be right. */
async function ask(
  env: Readonly<Record<string, string>>,
  path: string,
  headers: Readonly<Record<string, string>>,
  after?: string,
) {
  const port = String(await freePort())
  const settings = { PATH: process.env.PATH, ISSUER: credentials.issuer, AUDIENCE: 'urn:sallyport:default' }
  const child = spawn(process.execPath, ['server.js'], { cwd: api, env: { ...settings, PORT: port, ...env } })
  try {
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
    await new Promise<void>((listening, failed) => {
      child.stdout.on('data', (chunk) => String(chunk).includes('listening') && listening())
      child.once('close', (code) => failed(new Error(`the example ended with ${code}: ${said}`)))
    })
    const answer = await answerOf(await fetch(`http://localhost:${port}${path}`, { headers }))
    if (after !== undefined) expect((await fetch(`http://localhost:${port}${after}`, { headers })).status).toBe(200)
    return answer
  } finally {
    child.kill('SIGKILL')
  }
}

const introspects = () => {
  const { client_id: id, client_secret: secret } = credentials.resource_server
  return { CLIENT_ID: id, CLIENT_SECRET: secret }
}

test('the example judges JWT from published keys, and introspects where it has credentials', async () => {
  const headers = { authorization: `Bearer ${await tokenOf(credentials.client)}` }
  const sub = credentials.client.client_id
  expect((await ask({}, '/orders', headers)).body).toEqual({ for: sub, orders: [{ id: 1 }] })
  expect((await ask(introspects(), '/orders', headers)).body).toEqual({ for: sub, orders: [{ id: 1 }] })
  const without = await ask({}, '/orders', {})
  expect([without.status, without.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringMatching(/^Bearer, DPoP/),
  ])
})

/** A person's, with these scopes, at a client of its own: the demo has its own use for the answers to its client. */
async function personsToken(scope: string): Promise<string> {
  const { issuer, admin_client: administration } = credentials
  const token = await adminToken(issuer, { id: administration.client_id, secret: administration.client_secret })
  const registered = await fetch(`${issuer}/admin/clients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Shop',
      type: 'confidential',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code'],
      scopes: ['openid', 'profile', 'orders:read'],
      audience: ['urn:sallyport:default'],
    }),
  })
  const { client_id: id, client_secret: secret } = (await answerOf(registered)).body
  const user = await createPerson(issuer, token, `${randomUUID()}@example.com`)
  const tokens = await tokensFor({ issuer, population: { user } }, { id: String(id), secret: String(secret) }, scope)
  return String(tokens.access_token)
}

test('it evaluates the signed bundle of the provider in its own process: who may, and who may not', async () => {
  const dev = join(folder, 'var/dev')
  const bundle = { BUNDLE: join(dev, 'bundle.tar.gz'), BUNDLE_KEY_ID: 'development' }
  const trusted = { ...bundle, BUNDLE_KEY: join(dev, 'bundle-key.pub.pem') }
  const opinion = (token: string) => ask(trusted, '/opinion', { authorization: `Bearer ${token}` })
  const revision = expect.stringMatching(/^[0-9a-f]{12,}/)
  expect((await opinion(await personsToken('openid profile'))).body).toEqual({
    revision,
    decision: {
      allow: true,
      reasons: [],
      obligations: expect.objectContaining({ claims: expect.arrayContaining(['name', 'picture']) }),
    },
  })
  // A machine's token has no `openid`: the policy itself says so.
  expect((await opinion(await tokenOf(credentials.client))).body).toEqual({
    revision,
    decision: { allow: false, reasons: ['scope_missing'] },
  })
})

test('it starts with no bundle whose signature is of another key, and with none that differs from what was signed', async () => {
  const dev = join(folder, 'var/dev')
  const bundle = join(dev, 'bundle.tar.gz')
  const [key, other, changed] = ['bundle-key.pub.pem', 'other.pub.pem', 'changed.tar.gz'].map((file) => join(dev, file))
  writeFileSync(other ?? '', makeKeyPair().publicKey)
  const files = new Map(await readArchive(readFileSync(bundle)))
  const data: object = JSON.parse(Buffer.from(files.get('data.json') ?? '').toString())
  files.set('data.json', Buffer.from(JSON.stringify({ ...data, planted: true })))
  writeFileSync(changed ?? '', await writeArchive(files))
  const start = (BUNDLE = '', BUNDLE_KEY = '') =>
    ask({ BUNDLE, BUNDLE_KEY, BUNDLE_KEY_ID: 'development' }, '/opinion', {})
  await expect(start(bundle, other)).rejects.toThrow('the signature is not by key development')
  await expect(start(changed, key)).rejects.toThrow('a file differs from what was signed')
  expect((await start(bundle, key)).status).toBe(401)
})

test('a policy that fails is 503 and never a yes, and the example goes on', async () => {
  const [rego, built, signed, trusted] = ['torn.rego', 'torn.tar.gz', 'torn-signed.tar.gz', 'torn.pub.pem'].map(
    (file) => join(folder, file),
  ) as [string, string, string, string]
  // Both values for one question: of a complete rule, an error.
  writeFileSync(
    rego,
    `package authz.userinfo
decision := {"allow": false, "reasons": ["scope_missing"]}
decision := {"allow": true, "reasons": []} if input.token.active`,
  )
  await run(OPA, ['build', '-t', 'wasm', '-e', 'authz/userinfo/decision', '-o', built, rego])
  const { privateKey, publicKey } = makeKeyPair()
  writeFileSync(trusted, publicKey)
  const files = await readArchive(readFileSync(built))
  writeFileSync(signed, await writeArchive(signedWith(files, privateKey, 1)))
  const headers = { authorization: `Bearer ${await tokenOf(credentials.client)}` }
  const env = { BUNDLE: signed, BUNDLE_KEY: trusted, BUNDLE_KEY_ID: KEY_ID }
  const { status, body } = await ask(env, '/opinion', headers, '/orders')
  expect([status, body]).toEqual([503, { error: 'temporarily_unavailable' }])
})

test('the command runs from the package', async () => {
  const { stdout } = await run(join(api, 'node_modules/.bin/sallyport'), ['version'], { cwd: api })
  expect(stdout).toMatch(/^sallyport \d+\.\d+\.\d+ \(node v?\d+/)
})

test('style sheets and scripts of pages are in the package as they are here, and pages are made of them there', async () => {
  const web = join(api, 'node_modules/sallyport/dist/web')
  const files = globSync('**/*.{css,js}', { cwd: resolve('web') })
  expect(files).toEqual(
    expect.arrayContaining(['style.css', 'account/account.css', 'sign-in/enrol.css', 'scripts/passkey.js']),
  )
  for (const file of files)
    expect(readFileSync(join(web, file), 'utf8'), file).toBe(readFileSync(resolve('web', file), 'utf8'))
  const program = `
    import { addressOf, SCRIPTS } from '${web}/assets.js'
    import { signedOutPage } from '${web}/sign-out.js'
    import { recoveryCodesPage } from '${web}/sign-in/enrol.js'
    const made = recoveryCodesPage({ codes: ['a'], site: 'a', accountName: 'a', madeAt: 0, goesOnTo: '/account' }).body + signedOutPage().body
    console.log(JSON.stringify({ made, scripts: Object.values(SCRIPTS).map(({ asset }) => addressOf(asset)) }))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program])
  const { made, scripts }: { made: string; scripts: string[] } = JSON.parse(stdout)
  expect(made).toContain(readFileSync(resolve('web/sign-in/enrol.css'), 'utf8'))
  expect(scripts).toEqual(Object.values(SCRIPTS).map(({ asset }) => addressOf(asset)))
})
