/**
 * An instance is made once: of two `sallyport init` at once one wins; nodes never make keys and share what it made; its
 * credential works once, for one thing, within an hour. On real processes and both stores.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { SIGNING_ALGORITHMS } from '../../src/kernel/signing-algorithms.ts'
import { committedBundle, KEY_ID, openBundleDesk } from '../servers/bundle-desk.ts'
import { freePort } from '../servers/free-port.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { type Sallyport, startSallyport } from '../servers/sallyport.ts'
import { answerOf, post } from './requests.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const ROUNDS = Math.max(2, Math.round(10 * SCALE))
const CREDENTIAL = /^[A-Za-z0-9_-]{43}$/m

describe.each(['sqlite', 'redis'] as const)('%s', (kind) => {
  let redis: RedisServer | undefined
  let folder: string
  let issuer: string
  let running: Sallyport[]

  beforeAll(async () => {
    redis = kind === 'redis' ? await startRedis() : undefined
  })
  afterAll(() => redis?.stop())
  beforeEach(() => makeEmptyInstance())
  afterEach(removeInstance)

  async function makeEmptyInstance(): Promise<void> {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
    running = []
    const desk = openBundleDesk(folder)
    await desk.publish(await committedBundle())
    const port = await freePort()
    issuer = `http://localhost:${port}`
    const { node, credentials } = redis ?? {}
    await redis?.command('FLUSHALL')
    if (credentials) writeFileSync(join(folder, 'redis-password'), credentials.password, { mode: 0o600 })
    const settings = {
      issuer,
      auth: { port },
      policy: {
        port: 0,
        bundle: {
          path: desk.path,
          keys: [{ id: KEY_ID, key_file: desk.publicKeyFile, algorithm: 'ES256' }],
          minimum_version: 1,
        },
      },
      store: redis
        ? { kind, redis: { nodes: [node], username: credentials?.username, password_file: 'redis-password' } }
        : { kind, path: 'store.sqlite' },
      log: { directory: 'log' },
    }
    writeFileSync(join(folder, 'sallyport.yaml'), stringify(settings), { mode: 0o600 })
  }

  async function removeInstance(): Promise<void> {
    await Promise.all(running.map((process) => process.stop()))
    rmSync(folder, { recursive: true })
  }

  const kek = randomBytes(32).toString('base64')
  function run(words: readonly string[], envelopeKey = kek): Sallyport {
    const process = startSallyport(words, { cwd: folder, env: { SALLYPORT_KEK: envelopeKey } })
    running.push(process)
    return process
  }
  async function initialise(): Promise<string> {
    const init = run(['init'])
    expect(await init.ended).toBe(0)
    return CREDENTIAL.exec(init.said)?.[0] ?? ''
  }
  const serve = async () => void (await run(['serve']).says(/ready in \d+ ms/))

  /** Everything that a start without success may say is one line. */
  async function refusal(process: Sallyport): Promise<string> {
    expect(await process.ended).toBe(1)
    expect(process.said).not.toMatch(CREDENTIAL)
    expect(process.said.trim().split('\n')).toHaveLength(1)
    return process.said
  }
  const CLIENT = {
    name: 'Administration',
    type: 'confidential',
    grant_types: ['client_credentials'],
    scopes: ['scim', 'admin'],
    audience: ['urn:sallyport:platform'],
    roles: ['platform_admin'],
  }
  async function call(method: string, path: string, credential: string, json?: object) {
    const headers = { authorization: `Bearer ${credential}`, ...(json && { 'content-type': 'application/json' }) }
    return answerOf(await fetch(`${issuer}${path}`, { method, headers, ...(json && { body: JSON.stringify(json) }) }))
  }
  const register = (credential: string) => call('POST', '/admin/clients', credential, CLIENT)

  test('of two `init` at once one wins; the other says so and prints no credential', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const contenders = [run(['init']), run(['init'])]
      const codes = await Promise.all(contenders.map(({ ended }) => ended))
      expect(codes.toSorted()).toEqual([0, 1])
      const [won, lost] = codes[0] === 0 ? contenders : contenders.toReversed()
      expect(lost && (await refusal(lost))).toMatch(/initialised before; nothing was changed/)
      await serve()
      expect((await register(CREDENTIAL.exec(won?.said ?? '')?.[0] ?? '')).status).toBe(201)
      await removeInstance()
      await makeEmptyInstance()
    }
  })

  test('`serve` of an empty store, or with another envelope key, stops with one clear line; so does `init`', async () => {
    expect(await refusal(run(['serve']))).toMatch(/the store is empty: run `sallyport init` first/)
    await initialise()
    const other = randomBytes(32).toString('base64')
    expect(await refusal(run(['serve'], other))).toMatch(/the envelope key does not fit this store/)
    expect(await refusal(run(['init'], other))).toMatch(/the envelope key does not fit this store/)
    expect(await refusal(run(['init']))).toMatch(/initialised before/)
  })

  test('the credential makes one client, however many ask at once, and does nothing else', async () => {
    const credential = await initialise()
    await serve()
    for (const [method, path] of [
      ['GET', '/admin/clients'],
      ['GET', '/admin/clients/x'],
      ['DELETE', '/admin/clients/x'],
      ['GET', '/scim/v2/Users'],
      ['GET', '/oauth/userinfo'],
    ] as const)
      expect([401, 403], `${method} ${path}`).toContain((await call(method, path, credential)).status)
    expect((await call('POST', '/admin/clients', credential, { name: 7 })).status).toBe(400)
    expect((await call('POST', '/admin/clients', credential, { ...CLIENT, roles: ['setup'] })).status).not.toBe(201)
    // A client that could make no other would spend it in vain.
    for (const without of [
      { roles: [] },
      { scopes: ['scim'] },
      { grant_types: ['authorization_code'], redirect_uris: ['https://a.example/'] },
      { active: false },
    ]) {
      const { status, body } = await call('POST', '/admin/clients', credential, { ...CLIENT, ...without })
      expect([status, body.title ?? body.detail]).toEqual([400, expect.stringContaining('The first client makes the')])
    }

    const answers = await Promise.all(Array.from({ length: 20 }, () => register(credential)))
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(1)
    for (const answer of answers) if (answer !== made[0]) expect(answer.status).toBe(401)
    expect((await register(credential)).status).toBe(401)
    const [client] = made.map(({ body }) => ({ id: String(body.client_id), secret: String(body.client_secret) }))
    if (client === undefined) throw new Error('no client')
    const listed = await call('GET', '/admin/clients', await adminToken(issuer, client))
    expect(listed.body).toMatchObject({ total: 1 })
  })

  test('the command that `init` prints makes an administrator, who may make users too', async () => {
    const init = run(['init'])
    expect(await init.ended).toBe(0)
    await serve()
    const [command = ''] = /^curl [\s\S]*?'\n/m.exec(init.said) ?? []
    const made = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))
    const token = await adminToken(issuer, { id: made.client_id, secret: made.client_secret })
    expect((await call('GET', '/admin/clients', token)).body).toMatchObject({ total: 1 })
    expect(await createPerson(issuer, token, 'first')).toMatchObject({ userName: 'first' })
  })

  test('the credential ends', async () => {
    const credential = await initialise()
    const past = Math.floor(Date.now() / 1000) - 1
    if (redis) {
      const key = await redis.command('--raw', 'KEYS', '*setup*')
      expect(Number(await redis.command('--raw', 'GET', key))).toBeLessThanOrEqual(past + 3602)
      await redis.command('SET', key, String(past), 'KEEPTTL')
    } else {
      const db = new DatabaseSync(join(folder, 'store.sqlite'))
      expect(db.prepare('SELECT expires_at AS ends FROM setup').get()?.ends).toBeLessThanOrEqual(past + 3602)
      db.prepare('UPDATE setup SET expires_at = ?').run(past)
      db.close()
    }
    await serve()
    expect((await register(credential)).status).toBe(401)
  })

  if (kind === 'sqlite') {
    test('`serve` without a trusted bundle key, or on plain http beyond loopback, stops with one clear line', async () => {
      await initialise()
      const untrusted = join(folder, 'untrusted.yaml')
      writeFileSync(untrusted, stringify({ issuer, auth: { port: 0 }, store: { path: 'store.sqlite' } }))
      for (const words of [['serve'], ['serve', 'policy']])
        expect(await refusal(run([...words, '--config', untrusted]))).toMatch(/no bundle key is trusted/)
      // Loopback after all, but not by its name: nothing is opened to others by this test.
      const beyond = '::ffff:127.0.0.1'
      const plain = ['serve', '--set', `auth.host=${beyond}`]
      expect(await refusal(run(plain))).toMatch(/auth\.host plain http .* `tls: terminated`/)
      const policy = ['serve', '--set', 'tls=terminated', '--set', `policy.host=${beyond}`]
      expect(await refusal(run(policy))).toMatch(/policy\.host .* only with policy\.credentials/)
      await run([...plain, '--set', 'tls=terminated']).says(/ready in \d+ ms/)
    })
    return
  }

  test('two nodes started at once use the same keys: what one issues, the other takes', async () => {
    const credential = await initialise()
    const port = await freePort()
    const further = ['--set', `auth.port=${port}`, '--set', 'log.directory=log-2']
    const nodes = [run(['serve']), run(['serve', ...further])]
    await Promise.all(nodes.map((node) => node.says(/ready in \d+ ms/)))
    const addresses = [issuer, `http://localhost:${port}`]
    const keys = await Promise.all(addresses.map(async (address) => (await fetch(`${address}/oauth/jwks`)).json()))
    expect(keys[0]).toEqual(keys[1])
    expect(Object(keys[0]).keys.map(({ alg }: { alg: string }) => alg)).toEqual(
      SIGNING_ALGORITHMS.flatMap((alg) => [alg, alg]),
    )

    const { body } = await register(credential)
    const admin = { id: String(body.client_id), secret: String(body.client_secret) }
    for (const [from, to] of [addresses, addresses.toReversed()]) {
      const token = await adminToken(from ?? '', admin)
      await createPerson(to ?? '', token, `${randomBytes(4).toString('hex')}@example.com`)
      const introspected = await post({ issuer: to ?? '' }, '/oauth/introspect', admin, { token })
      expect(introspected.body).toMatchObject({ active: true, iss: issuer })
    }
  })
})
