/** Clients as code: `sallyport config plan`, `apply` and `drift` against a running instance, each as an operator runs it. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { secretIds } from '../../src/auth/client/secrets.ts'
import { digestOf } from '../../src/kernel/ids.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'
import { answerOf, post } from './requests.ts'

const MAIN = resolve('src/main.ts')

let deployment: Deployment
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-code-'))
  write('clients.yaml', {})
  deployment = await deploy('one-process', {
    settings: { clients_file: join(folder, 'clients.yaml'), managed_by: 'shop.yaml' },
  })
  const { id, secret } = deployment.population.admin
  writeFileSync(at('admin.json'), JSON.stringify({ client_id: id, client_secret: secret }), { mode: 0o600 })
})
afterAll(async () => {
  await deployment?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)
const write = (name: string, value: object): void => writeFileSync(at(name), stringify(value), { mode: 0o600 })

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

const run = (command: string, ...words: string[]): Promise<Ran> =>
  new Promise((done) => {
    const args = ['config', command, '--config', deployment.configFile, '--credentials', at('admin.json'), ...words]
    const env = { PATH: process.env.PATH, HOME: process.env.HOME }
    execFile(process.execPath, [MAIN, ...args], { cwd: folder, env }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })

async function admin(method: string, path: string, json?: object) {
  const authorization = `Bearer ${await adminToken(deployment.issuer, deployment.population.admin)}`
  const headers = { authorization, ...(json && { 'content-type': 'application/json' }) }
  const body = json && { body: JSON.stringify(json) }
  return answerOf(await fetch(`${deployment.issuer}/admin/clients/${path}`, { method, headers, ...body }))
}

const shop = {
  client_id: 'web-shop',
  name: 'Web shop',
  redirect_uris: ['https://shop.example/cb'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  scopes: ['openid', 'orders:read'],
  audience: ['urn:sallyport:default'],
  roles: ['service'],
  post_logout_redirect_uris: ['https://shop.example/bye'],
  secrets: [{ generate: 'secrets/shop.secret' }],
}
const orders = { client_id: 'orders-api', name: 'Orders', secrets: [{ sha256: digestOf('o'.repeat(43)) }] }
const code = (parts: object = {}) => ({
  clients: [shop, orders],
  resources: [{ resource: 'urn:example:orders', servers: ['orders-api'] }],
  scopes: [{ scope: 'orders:write', audience: ['urn:example:orders'], permissions: ['orders:write'] }],
  ...parts,
})
const secretOf = (name: string): string => readFileSync(at(name), 'utf8').trim()
const tokenWith = (secret: string) =>
  post(deployment, '/oauth/token', { id: 'web-shop', secret }, { grant_type: 'client_credentials' })

test('plans, applies, and then finds nothing to do: the secret is made once, into a file of this user alone', async () => {
  write('clients.yaml', code())
  const plan = await run('plan')
  expect([plan.code, plan.err]).toEqual([0, ''])
  expect(plan.out).toContain('+ create  web-shop')
  expect(plan.out).toContain('redirect_uris + https://shop.example/cb')
  expect(plan.out).toMatch(/secret: make, a new one, written to .*shop\.secret/)
  expect(plan.out).toMatch(/^orders:write +yes +urn:example:orders +orders:write +-$/m)
  expect(plan.out).toMatch(/^urn:example:orders +orders-api +orders:write$/m)
  expect(plan.out).toContain('2 to create, 0 to change, 0 to delete, 0 as they should be.')
  expect(existsSync(at('secrets/shop.secret'))).toBe(false)
  expect((await run('plan', '--exit-code')).code).toBe(3)

  const applied = await run('apply')
  expect([applied.code, applied.err]).toEqual([0, ''])
  const secret = secretOf('secrets/shop.secret')
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(statSync(at('secrets/shop.secret')).mode & 0o777).toBe(0o600)
  expect(statSync(at('secrets')).mode & 0o777).toBe(0o700)
  expect((await tokenWith(secret)).status).toBe(200)
  expect((await admin('GET', 'orders-api')).body).toMatchObject({
    resources: ['urn:example:orders'],
    managed_by: 'shop.yaml',
  })
  for (const { out } of [plan, applied]) expect(out).not.toContain(secret)

  const again = await run('apply')
  expect([again.code, again.out]).toEqual([0, 'Nothing to do.\n'])
  const { etag } = Object.fromEntries((await admin('GET', 'web-shop')).headers)
  expect(etag).toBe('"1"')
  expect(await run('drift')).toMatchObject({ code: 0 })
})

test('drift tells what somebody else changed, and apply repairs it; clients of others are left alone', async () => {
  await admin('PUT', 'web-shop', { redirect_uris: ['https://evil.example/cb'], default_max_age: 5 })
  await admin('DELETE', 'orders-api')
  const drift = await run('drift')
  expect(drift.code).toBe(3)
  expect(drift.out).toContain('redirect_uris - https://evil.example/cb')
  expect(drift.out).toContain('redirect_uris + https://shop.example/cb')
  expect(drift.out).toContain('default_max_age: 5 → (none)')
  expect(drift.out).toContain('+ create  orders-api')

  const json = await run('drift', '--json')
  expect(json.code).toBe(3)
  expect(JSON.parse(json.out)).toMatchObject({
    drift: true,
    changes: [
      {
        action: 'change',
        client_id: 'web-shop',
        fields: expect.arrayContaining([{ field: 'default_max_age', from: 5 }]),
      },
      { action: 'create', client_id: 'orders-api' },
    ],
    unchanged: 0,
    problems: [],
  })
  const before = (await admin('GET', deployment.population.web.id)).body
  const elsewhere = ['--policy-url', 'http://127.0.0.1:1']
  expect((await run('drift', ...elsewhere)).code).toBe(3)
  expect((await run('apply')).code).toBe(0)
  const untold = await run('drift', '--json', ...elsewhere)
  expect([untold.code, JSON.parse(untold.out)]).toEqual([1, expect.objectContaining({ drift: null, changes: [] })])
  expect(untold.err).toMatch(/not compared with the active policies: .*does not answer/)
  expect((await admin('GET', 'web-shop')).body).toMatchObject({ redirect_uris: shop.redirect_uris })
  expect((await admin('GET', 'web-shop')).body).not.toHaveProperty('default_max_age')
  expect((await admin('GET', deployment.population.web.id)).body).toEqual(before)
  expect((await run('drift')).code).toBe(0)
})

test('a secret is rotated without a gap: both live, then the older one is retired (checklist 19)', async () => {
  const old = secretOf('secrets/shop.secret')
  const both = [{ generate: 'shop.next' }, { file: 'secrets/shop.secret' }]
  write('clients.yaml', code({ clients: [{ ...shop, secrets: both }, orders] }))
  const plan = await run('plan')
  expect(plan.out).toMatch(/secret: rotate, a new one, written to .*shop\.next; [\w-]{8} stays/)
  expect((await run('apply')).code).toBe(0)
  const next = secretOf('shop.next')
  for (const secret of [old, next]) expect((await tokenWith(secret)).status).toBe(200)
  expect((await run('drift')).code).toBe(0)

  write('clients.yaml', code({ clients: [{ ...shop, secrets: [{ file: 'shop.next' }] }, orders] }))
  expect((await run('plan')).out).toMatch(/secret: retire, [\w-]{8} stays; [\w-]{8} ends/)
  expect((await run('apply')).code).toBe(0)
  expect([(await tokenWith(old)).status, (await tokenWith(next)).status]).toEqual([401, 200])
})

const jwt = {
  client_id: 'by-jwt',
  name: 'By JWT',
  token_endpoint_auth_method: 'client_secret_jwt',
  grant_types: ['client_credentials'],
}
const writeJwt = (...generated: string[]) => {
  const secrets = generated.map((file) => ({ generate: file }))
  write('clients.yaml', code({ clients: [{ ...shop, secrets: [{ file: 'shop.next' }] }, orders, { ...jwt, secrets }] }))
}
const liveIds = async () => (await admin('GET', 'by-jwt')).body.secret_ids
const idOf = (file: string) => secretIds([digestOf(secretOf(file))])[0]

test('a client of client_secret_jwt gets the secret that the instance made and keeps, and its older one ends', async () => {
  writeJwt('clients.yaml/jwt.secret')
  const nowhere = await run('apply')
  expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining('cannot be written')])
  expect((await admin('GET', 'by-jwt')).status).toBe(404)

  writeJwt('jwt.secret')
  expect((await run('apply')).code).toBe(0)
  expect(secretOf('jwt.secret')).toMatch(/^[\w-]{43}$/)
  expect(statSync(at('jwt.secret')).mode & 0o777).toBe(0o600)
  writeJwt('jwt.next', 'jwt.secret')
  expect((await run('plan')).out).toMatch(/secret: rotate, .*jwt\.next/)
  expect((await run('apply')).code).toBe(0)
  expect(await liveIds()).toEqual([idOf('jwt.next'), idOf('jwt.secret')])
  expect((await run('drift')).code).toBe(0)

  writeJwt('jwt.next')
  expect((await run('plan')).out).toContain(`secret: retire, ${idOf('jwt.next')} stays; ${idOf('jwt.secret')} ends`)
  expect((await run('apply')).code).toBe(0)
  expect(await liveIds()).toEqual([idOf('jwt.next')])
  expect((await run('apply')).out).toBe('Nothing to do.\n')
})

test('a secret of client_secret_jwt that the instance has no more is told, and a new file replaces it', async () => {
  for (const _ of [1, 2]) await admin('PUT', 'by-jwt', { rotate_secret: true })
  const drift = await run('drift')
  expect([drift.code, drift.err]).toEqual([3, expect.stringContaining(`no secret ${idOf('jwt.next')}`)])
  await admin('DELETE', 'by-jwt')
  const gone = await run('apply')
  expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('name a new file')])
  expect((await admin('GET', 'by-jwt')).status).toBe(404)
  writeJwt('jwt.third')
  expect((await run('apply')).code).toBe(0)
  expect(await liveIds()).toEqual([idOf('jwt.third')])
})

test('what the configuration names no more is deleted, and an empty one deletes nothing unasked', async () => {
  write('clients.yaml', code({ clients: [{ ...shop, secrets: [{ file: 'shop.next' }] }], resources: [] }))
  expect((await run('plan')).out).toContain('- delete  orders-api')
  expect((await run('apply')).code).toBe(0)
  expect((await admin('GET', 'orders-api')).status).toBe(404)

  write('clients.yaml', {})
  const empty = await run('apply')
  expect([empty.code, (await admin('GET', 'web-shop')).status]).toEqual([1, 200])
  expect(empty.err).toContain('--empty')
})

test('a client that another configuration keeps, or none, is not taken over unasked', async () => {
  const { id } = deployment.population.resourceServer
  const taken = { client_id: id, name: 'Orders', resources: ['urn:sallyport:default'], secrets: orders.secrets }
  write('clients.yaml', code({ clients: [{ ...shop, secrets: [{ file: 'shop.next' }] }, taken], resources: [] }))
  const refused = await run('apply')
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('--adopt')
  expect((await run('apply', '--adopt')).code).toBe(0)
  expect((await admin('GET', id)).body.managed_by).toBe('shop.yaml')

  const other = await run('apply', '--set', 'managed_by=other.yaml', '--adopt')
  expect(other.code).toBe(1)
  expect(other.err).toContain(`client ${id} is kept by shop.yaml`)
})

test('what the active policies do not know is said, and nothing is applied', async () => {
  const unknown = { ...shop, secrets: [{ file: 'shop.next' }], scopes: ['openid', 'teapots:brew'], roles: ['potter'] }
  const scopes = [{ scope: 'orders:write', audience: ['urn:elsewhere'] }]
  write('clients.yaml', code({ clients: [unknown], resources: [], scopes }))
  const plan = await run('plan')
  expect(plan.code).toBe(1)
  expect(plan.out).toMatch(/^teapots:brew +NO/m)
  expect(plan.err).toContain('scope teapots:brew is not in the active policies')
  expect(plan.err).toContain('client web-shop: role potter is not in the active policies')
  expect(plan.err).toContain('scope orders:write has another audience in the active policies: urn:example:orders')
  expect((await run('apply')).code).toBe(1)
  expect((await admin('GET', 'web-shop')).body.scopes).toEqual(shop.scopes)
  const alone = await run('plan', '--policy-url', 'http://127.0.0.1:1')
  expect([alone.code, alone.out]).toEqual([0, expect.stringContaining('not compared with the active policies')])
})

test.each<[string, object, RegExp]>([
  [
    'a wrong key, by line',
    { clients: [{ ...orders, secret: 'x' }] },
    /clients\.yaml:\d+: clients\.0\.secret is no known setting/,
  ],
  [
    'a wrong value, by line, client and field',
    { clients: [{ ...orders, jwks_uri: 'http://a.example/' }] },
    /clients\.yaml:6: client orders-api: jwks_uri must be/,
  ],
  [
    'all wrong values at once',
    {
      clients: [
        { ...orders, grant_types: ['client_credentials', 'implicit'] },
        { ...orders, client_id: 'other', secrets: [] },
      ],
    },
    /clients\.yaml:8: client orders-api: grant_types\[1\] must be .*\n.*clients\.yaml:11: client other: secrets: needs one/,
  ],
  ['a client twice', { clients: [orders, orders] }, /orders-api is there twice/],
  ['no secret', { clients: [{ ...orders, secrets: [] }] }, /client orders-api: secrets: needs one at least/],
  [
    'a secret two ways',
    { clients: [{ ...orders, secrets: [{ file: 'a', generate: 'b' }] }] },
    /one of file, sha256, generate/,
  ],
  [
    'the same secret twice',
    { clients: [{ ...orders, secrets: [{ generate: 'shop.next' }, { file: 'shop.next' }] }] },
    /client orders-api: secrets: the same secret is there twice/,
  ],
  [
    'a file for the new secrets of two',
    { clients: ['a', 'b'].map((id) => ({ ...orders, client_id: id, secrets: [{ generate: 'new' }] })) },
    /secrets: .*new is there twice/,
  ],
  ['an id that leads elsewhere', { clients: [{ ...orders, client_id: '..' }] }, /clients\.0\.client_id/],
  [
    'a secret that can be guessed',
    { clients: [{ ...orders, secrets: [{ file: 'clients.yaml' }, { file: 'short' }] }] },
    /32 characters at least/,
  ],
  [
    'a server that is no client',
    { clients: [orders], resources: [{ resource: 'urn:x', servers: ['y'] }] },
    /there is no client y/,
  ],
])('refuses %s before it asks anybody', async (_, value, message) => {
  writeFileSync(at('short'), 'password')
  write('clients.yaml', value)
  const { code: exit, err } = await run('apply')
  expect([exit, err]).toEqual([1, expect.stringMatching(message)])
})

test('help states the exit codes', async () => {
  for (const command of ['plan', 'apply', 'drift']) expect((await run(command, '--help')).out).toContain('Exit codes:')
})
