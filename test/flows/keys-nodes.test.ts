/** Signing keys of several nodes on one Redis, turned by `sallyport keys`: each learns of it within seconds, without a restart. On real processes. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { systemClock } from '../../src/kernel/clock.ts'
import { openEnvelope } from '../../src/kernel/envelope.ts'
import { SIGNING_ALGORITHMS } from '../../src/kernel/signing-algorithms.ts'
import { openRedisStore } from '../../src/storage/redis/open.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'
import { type Sallyport, startSallyport } from '../servers/sallyport.ts'
import { until } from '../servers/until.ts'
import { type FurtherNode, startFurtherNode } from './nodes.ts'
import { post } from './requests.ts'

let deployment: Deployment
let second: FurtherNode

beforeAll(async () => {
  deployment = await deploy('redis', { settings: { admin: { credentials_file: 'admin.json' } } })
  const { id, secret } = deployment.population.admin
  writeFileSync(join(deployment.folder, 'admin.json'), JSON.stringify({ client_id: id, client_secret: secret }))
  second = await startFurtherNode(deployment)
})
afterAll(() => deployment?.stop())

interface Key {
  readonly kid: string
  readonly alg: string
  readonly state: string
}

async function run(...words: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const process = deployment.run('keys', ...words)
  return { code: await process.ended, said: process.said }
}
async function listed(...words: string[]): Promise<readonly Key[]> {
  const { code, said } = await run(...words, '--json')
  if (code !== 0) throw new Error(said)
  return JSON.parse(said).keys
}
const signing = (keys: readonly Key[], alg = 'ES256') =>
  keys.find((key) => key.alg === alg && key.state === 'current')?.kid
const published = async (address: string): Promise<string[]> => {
  const { keys }: { keys: Key[] } = JSON.parse(await (await fetch(`${address}/oauth/jwks`)).text())
  return keys.map(({ kid }) => kid)
}
const tokenAt = async (issuer: string) =>
  String(
    (await post({ issuer }, '/oauth/token', deployment.population.web, { grant_type: 'client_credentials' })).body
      .access_token,
  )
const kidAt = async (issuer: string) => decodeProtectedHeader(await tokenAt(issuer)).kid
const isActiveAt = async (issuer: string, token: string) =>
  (await post({ issuer }, '/oauth/introspect', deployment.population.resourceServer, { token })).body.active
const nodes = () => [deployment.issuer, second.address]

test('shows a table that says what signs and what comes', async () => {
  const { code, said } = await run('list')
  expect(code).toBe(0)
  expect(said).toMatch(
    /^ALG +STATE +SINCE +KID +WHAT COMES\nES256 +current +\S+Z +\S{43} +signs until \S+Z\nES256 +next .* ready to sign\nEdDSA/m,
  )
})

test('a rotation is signed by on every node within seconds, and tokens of before verify on both', async () => {
  const [before] = [await listed('list')]
  const old = await tokenAt(second.address)
  const turned = await listed('rotate')
  for (const alg of SIGNING_ALGORITHMS) {
    expect(signing(turned, alg)).toBe(before?.find((key) => key.alg === alg && key.state === 'next')?.kid)
    expect(turned.filter((key) => key.alg === alg).map(({ state }) => state)).toEqual(['current', 'next', 'retiring'])
  }
  for (const node of nodes()) {
    await until(async () => (await kidAt(node)) === signing(turned), 'the new key signs')
    expect(await isActiveAt(node, old)).toBe(true)
    expect((await published(node)).sort()).toEqual(turned.map(({ kid }) => kid).sort())
  }
})

test('of many rotations at once, by both nodes, each leaves one key that signs and one that is next', async () => {
  await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      listed('rotate', '--force', '--alg', 'ES256', '--alg', 'EdDSA', '--url', nodes()[index % 2] ?? ''),
    ),
  )
  const keys = await listed('list')
  for (const alg of ['ES256', 'EdDSA'])
    expect(keys.filter((key) => key.alg === alg && key.state !== 'retiring').map(({ state }) => state)).toEqual([
      'current',
      'next',
    ])
})

test('what a revoked key signed is inactive on every node within five seconds (checklist 30)', async () => {
  const before = await listed('list')
  const revoked = signing(before) ?? ''
  for (const node of nodes()) await until(async () => (await kidAt(node)) === revoked, 'both sign by it')
  const tokens = await Promise.all(nodes().map(tokenAt))
  for (const node of nodes()) for (const token of tokens) expect(await isActiveAt(node, token)).toBe(true)
  const left = await listed('revoke', revoked)
  for (const node of nodes()) {
    await until(async () => !(await published(node)).includes(revoked), 'it is published no more', 5000)
    for (const token of tokens) expect(await isActiveAt(node, token)).toBe(false)
    expect(await kidAt(node)).toBe(signing(left))
  }
  expect(deployment.audits().filter(({ event }) => event === 'key_revoked')).toMatchObject([
    { resource: `key:${revoked}` },
  ])
})

describe('a key that signs at one node before it was ever published', () => {
  /** As in the documented step of an incident: the key that signs is taken away, and the one after it. */
  const unpublished = async () => {
    for (let times = 0; times < 2; times += 1) {
      const admin = await adminToken(deployment.issuer, deployment.population.admin)
      const path = `/admin/keys/${decodeProtectedHeader(admin).kid}/revoke`
      const { status } = await fetch(`${deployment.issuer}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}` },
      })
      expect(status).toBe(200)
    }
  }

  test('verifies at the other at once: introspection and the admin API know its tokens, and the key set has it', async () => {
    // The node that polls is ahead at times: of three, one at least is asked before it has.
    for (let round = 0; round < 3; round += 1) {
      await unpublished()
      expect(await isActiveAt(second.address, await tokenAt(deployment.issuer))).toBe(true)
      await unpublished()
      const admin = await adminToken(deployment.issuer, deployment.population.admin)
      const { status } = await fetch(`${second.address}/admin/keys`, { headers: { authorization: `Bearer ${admin}` } })
      expect(status).toBe(200)
      expect(await published(second.address)).toContain(decodeProtectedHeader(admin).kid)
    }
  })
})

test('by itself one node turns what is due, once; both sign by it, without a restart', async () => {
  const { credentials, node } = deployment.redis ?? Object.assign({})
  const store = await openRedisStore({ nodes: [node], ...credentials, clock: systemClock })
  const before = await store.signingKeys.read()
  const aged = before.keys.map((key) => ({ ...key, readyAt: 1, ...(key.state === 'current' && { since: 1 }) }))
  const events = () =>
    [...deployment.audits(), ...second.audits()].filter(
      ({ event, client_id: by }) => by === undefined && event === 'key_activated',
    )
  expect(events()).toEqual([])
  expect(await store.signingKeys.replace(before, aged)).toBe('written')
  await store.close()
  const next = before.keys.find(({ alg, state }) => alg === 'ES256' && state === 'next')?.kid
  for (const at of nodes()) await until(async () => (await kidAt(at)) === next, 'the next key signs', 45_000)
  expect(signing(await listed('list'))).toBe(next)
  await until(async () => events().length >= SIGNING_ALGORITHMS.length, 'it is written down')
  expect(
    events()
      .map(({ detail }) => detail)
      .sort(),
  ).toEqual([...SIGNING_ALGORITHMS].sort())
})

test('says what is wrong in one line', async () => {
  const wrong = await Promise.all([run('revoke', 'nobody'), run('rotate', '--alg', 'HS256'), run('revoke')])
  expect(wrong.map(({ code }) => code)).toEqual([1, 1, 2])
  expect(wrong[0]?.said).toMatch(/^sallyport: There is no signing key of this kid/)
  expect(wrong[1]?.said).toMatch(/algorithms must list some of ES256, EdDSA, PS256, RS256/)
  expect(wrong[2]?.said).toMatch(/takes one KID/)
  writeFileSync(
    join(deployment.folder, 'web.json'),
    JSON.stringify({ client_id: deployment.population.web.id, client_secret: 'x' }),
  )
  expect((await run('list', '--credentials', join(deployment.folder, 'web.json'))).said).toMatch(/no token for client/)
})

describe('another envelope key', () => {
  const kek = randomBytes(32)
  const served: Sallyport[] = []
  let configs: { readonly both: string; readonly fresh: string; readonly old: string }

  beforeAll(async () => {
    await deployment.auth.stop()
    const settings = parse(readFileSync(deployment.configFile, 'utf8'))
    writeFileSync(join(deployment.folder, 'kek-new'), kek.toString('base64'), { mode: 0o600 })
    const write = (name: string, over: object) => {
      const file = join(deployment.folder, name)
      writeFileSync(file, stringify({ ...settings, ...over }))
      return file
    }
    configs = {
      both: write('both.yaml', { kek_file: 'kek-new', kek_previous_file: 'kek' }),
      fresh: write('fresh.yaml', { kek_file: 'kek-new' }),
      old: write('old.yaml', {}),
    }
  })
  afterAll(() => Promise.all(served.map((process) => process.stop())))
  const serve = (config: string) => {
    const process = startSallyport(['serve', '--config', config], { cwd: deployment.folder })
    served.push(process)
    return process
  }

  test('is moved to while the instance serves; then nodes need the new one alone, and refuse to start with the old one', async () => {
    // Before anything is moved a node with the new key alone does not start.
    const early = serve(configs.fresh)
    expect(await early.ended).toBe(1)
    expect(early.said).toMatch(
      /the envelope key does not fit this store: record check-record was sealed by envelope key/,
    )

    const both = serve(configs.both)
    await both.says(/ready in \d+ ms/)
    const before = await tokenAt(deployment.issuer)
    const moved = await run('rewrap')
    expect([moved.code, moved.said]).toEqual([0, moved.said])
    const { kekId } = openEnvelope(kek)
    expect(moved.said).toMatch(/^Moved \d+ signing keys, 1 check record\.$/m)
    expect(moved.said).toContain(`under envelope key ${kekId}: the previous one may leave the configuration`)
    expect((await run('rewrap')).said).toMatch(/^Nothing was left to move/)
    expect(await isActiveAt(deployment.issuer, before)).toBe(true)
    // The node that has only the old key goes on by what it opened, and knows the new ones not.
    expect(await isActiveAt(second.address, before)).toBe(true)
    await both.stop()

    const fresh = serve(configs.fresh)
    await fresh.says(/ready in \d+ ms/)
    expect(await isActiveAt(deployment.issuer, before)).toBe(true)

    // The next key is sealed by what the node that was left running does not have: it is unavailable, not behind.
    const revoked = signing(await listed('list')) ?? ''
    expect(await kidAt(second.address)).toBe(revoked)
    await listed('revoke', revoked)
    const at = async (path: string) => (await fetch(`${second.address}${path}`)).status
    await until(async () => (await at('/oauth/jwks')) === 503, 'it publishes nothing more', 5000)
    expect(await at('/health')).toBe(503)
    const { web, resourceServer } = deployment.population
    const asked = { issuer: second.address }
    expect((await post(asked, '/oauth/token', web, { grant_type: 'client_credentials' })).status).toBe(503)
    expect((await post(asked, '/oauth/introspect', resourceServer, { token: before })).status).toBe(503)
    await listed('rotate', '--force')
    await fresh.stop()

    const old = serve(configs.old)
    expect(await old.ended).toBe(1)
    expect(old.said).toMatch(
      new RegExp(`the envelope key does not fit this store: .* sealed by envelope key ${kekId}, not by`),
    )
  })
})
