/** An instance that pulls its bundle from a service: commands of an operator, restart while the service is down, notices. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { createLogger } from '../../src/observability/logger.ts'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { subscribeToNotices } from '../../src/policy-engine/notices/subscriber.ts'
import { committedBundle, makeKeyPair, signedWith } from '../servers/bundle-desk.ts'
import { type BundleServer, startBundleServer } from '../servers/bundle-server.ts'
import { freePort } from '../servers/free-port.ts'
import { type Sallyport, startSallyport } from '../servers/sallyport.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-service-'))
const kek = randomBytes(32).toString('base64')
const pair = makeKeyPair()
const next = makeKeyPair()
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const signed = async (version: number, { privateKey } = pair, keyId = 'one') =>
  writeArchive(signedWith(await committedBundle(), privateKey, version, keyId))

let bundles: BundleServer
let told: Server
let heard: { path: string; body: { type?: string; bundles?: Record<string, { active_revision?: string }> } }[]
let instance: Sallyport
let policy: string

const serve = async () => {
  instance = startSallyport(['serve'], { cwd: folder, env: { SALLYPORT_KEK: kek } })
  await instance.says(/ready in/)
}
const bundle = async (...words: string[]) => {
  const run = startSallyport(['bundle', ...words], { cwd: folder, env: { SALLYPORT_KEK: kek } })
  return { code: await run.ended, said: run.said }
}
const get = async (path: string) => {
  const answer = await fetch(policy + path)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const until = async (condition: () => boolean | Promise<boolean>) => {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('not in time')
}
const version = async (): Promise<unknown> => {
  const { body } = await get('/v1/status')
  // Nobody is told anything while no policy judges who asks.
  return (body.result as { bundles: { sallyport: { version?: number } } } | undefined)?.bundles.sallyport.version
}

beforeAll(async () => {
  bundles = await startBundleServer()
  heard = []
  told = createServer(async (request, reply) => {
    let text = ''
    for await (const chunk of request) text += chunk
    heard.push({ path: request.url ?? '', body: JSON.parse(text) })
    reply.end()
  })
  told.listen(0, '127.0.0.1')
  await once(told, 'listening')
  const toldUrl = `http://127.0.0.1:${(told.address() as AddressInfo).port}`
  file('one.pem', pair.publicKey)
  file('two.pem', next.publicKey)
  file('keys.yaml', 'keys:\n  - { id: one, key_file: one.pem, algorithm: ES256 }\n')
  file('operator.token', randomBytes(24).toString('base64url'))
  file('guest.token', randomBytes(24).toString('base64url'))
  file('service.token', 'token-of-the-bundle-service')
  file('webhook.secret', `whsec_${randomBytes(32).toString('base64')}`)
  const port = await freePort()
  policy = `http://127.0.0.1:${port}`
  const settings = {
    auth: { port: 0 },
    services: [
      { name: 'bundles', url: bundles.url, credentials: { bearer: { token_file: 'service.token' } } },
      { name: 'status', url: toldUrl },
    ],
    status: { service: 'status' },
    notices: { webhooks: [{ url: `${toldUrl}/hook`, secret_file: 'webhook.secret' }] },
    policy: {
      port,
      credentials: [
        { identity: 'operator', token_file: 'operator.token' },
        { identity: 'guest', token_file: 'guest.token' },
      ],
      bundle: {
        service: 'bundles',
        resource: 'v1/platform',
        polling: { min_delay_seconds: 1, max_delay_seconds: 1 },
        keys_file: 'keys.yaml',
        minimum_version: 1,
      },
    },
  }
  file('sallyport.yaml', stringify(settings))
  bundles.put(await signed(1), '"1"')
  expect(await startSallyport(['init'], { cwd: folder, env: { SALLYPORT_KEK: kek } }).ended).toBe(0)
  await serve()
})
afterAll(async () => {
  await instance.stop()
  bundles.close()
  told.close()
  told.closeAllConnections()
  rmSync(folder, { recursive: true })
})

describe('an instance that pulls its bundle', () => {
  it('shows its token, and serves what it pulled on both threads', async () => {
    expect(bundles.requests[0]).toMatchObject({
      path: '/v1/platform',
      authorization: 'Bearer token-of-the-bundle-service',
    })
    expect(await get('/health?bundles')).toEqual({ status: 200, body: {} })
    const metrics = await (await fetch(`${policy}/metrics`)).text()
    for (const measure of ['request', 'download', 'activation']) {
      expect(metrics).toMatch(new RegExp(`^last_success_bundle_${measure}\\{.*name="sallyport".*\\} [1-9]`, 'm'))
    }
    const { code, said } = await bundle('status')
    expect(code).toBe(0)
    expect(said).toMatch(/BUNDLE +VERSION +REVISION +KEY +FROM/)
    expect(said).toMatch(/sallyport +1 +[0-9a-f]{12} +one +source/)
  })

  it('follows what is published, and tells subscribers, webhooks and the status service', async () => {
    const purges: (string | undefined)[] = []
    const subscriber = subscribeToNotices({
      url: policy,
      token: async () => readFileSync(join(folder, 'guest.token'), 'utf8'),
      onPurge: (subject) => purges.push(subject),
      logger: createLogger({ level: 'silent' }),
    })
    await until(() => purges.length === 1)
    bundles.put(await signed(2), '"2"')
    await until(async () => (await version()) === 2)
    await until(() => purges.length === 2)
    const token = readFileSync(join(folder, 'operator.token'), 'utf8')
    const headers = { authorization: `Bearer ${token}` }
    await fetch(`${policy}/v1/cache/purge`, { method: 'POST', headers, body: '{"subject":"sub-1"}' })
    await until(() => purges.length === 3)
    expect(purges).toEqual([undefined, undefined, 'sub-1'])
    await subscriber.close()
    await until(() => heard.filter(({ body }) => body.type === 'bundle.activated').length >= 1)
    await until(() =>
      heard.some(({ path, body }) => path === '/status' && body.bundles?.sallyport?.active_revision !== undefined),
    )
  })

  it('lets an operator roll back by one command, nobody else, and notes it', async () => {
    const refused = await bundle('rollback', '--token-file', 'guest.token')
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('the identity operator') })
    const { code, said } = await bundle('rollback')
    expect(code).toBe(0)
    expect(said).toMatch(/pinned to version 1 by operator/)
    await until(async () => (await version()) === 1)
    const audits = readFileSync(join(folder, 'var/log/audit.jsonl'), 'utf8').split('\n')
    const [event] = audits.filter((line) => line.includes('bundle_rolled_back')).map((line) => JSON.parse(line))
    expect(event).toMatchObject({ event: 'bundle_rolled_back', client_id: 'operator', resource: 'bundle/sallyport/1' })
  })

  it('holds it over a restart, while the service is down, and says so', async () => {
    await instance.stop()
    bundles.misbehave((_request, response) => response.destroy())
    await serve()
    expect(await version()).toBe(1)
    expect((await bundle('status')).said).toMatch(/pinned to version 1/)
  })

  it('lets newer ones in again, and is degraded while only a copy serves', async () => {
    expect((await bundle('unpin')).code).toBe(0)
    await until(async () => (await version()) === 2)
    const { status, body } = await get('/health?bundles')
    expect({ status, body }).toMatchObject({
      status: 500,
      body: { error: expect.stringMatching(/degraded: sallyport is served from the copy on disk/) },
    })
    expect((await get('/health')).status).toBe(200)
    bundles.misbehave(undefined)
    await until(async () => (await get('/health?bundles')).status === 200)
  })

  it('asks the service at once by command, and says what it may not do', async () => {
    bundles.put(await signed(3), '"3"')
    expect((await bundle('activate')).said).toMatch(/sallyport +3 /)
    expect((await bundle('pin', '--version', '2')).said).toMatch(/older than what is active: roll back to it/)
    expect((await bundle('pin', '--version', '99')).said).toMatch(/version 99 is not kept here/)
    expect((await bundle('unpin', 'other')).said).toMatch(/there is no bundle of this name/)
    expect(await bundle('rollback', '--version', 'x')).toMatchObject({ code: 2 })
    for (const word of ['status', 'activate', 'rollback', 'pin', 'unpin']) {
      expect(await bundle(word, '--help')).toMatchObject({ code: 0, said: expect.stringContaining('--token-file') })
    }
  })

  it('turns to another key without a restart, and serves nothing of a revoked one', async () => {
    const revoked = 'keys:\n  - { id: one, key_file: one.pem, algorithm: ES256, state: revoked }\n'
    file('keys.yaml', `${revoked}  - { id: two, key_file: two.pem, algorithm: ES256 }\n`)
    await until(async () => (await get('/health')).status === 500)
    bundles.put(await signed(4, next, 'two'), '"4"')
    await until(async () => (await version()) === 4)
    expect((await get('/health')).status).toBe(200)
  })
})
