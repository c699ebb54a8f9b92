/** The provider's bundle in a resource server's own process: what it is opened with, what it answers, what it takes anew. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type BundleDesk,
  committedBundle,
  KEY_ID,
  makeKeyPair,
  openBundleDesk,
} from '../../test/servers/bundle-desk.ts'
import { type OfflinePolicyOptions, openOfflinePolicy } from './offline-policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'offline-policy-'))
const ENTRYPOINT = 'authz/userinfo/decision'
let desk: BundleDesk
let options: OfflinePolicyOptions

beforeAll(async () => {
  desk = openBundleDesk(folder)
  await desk.publish(await committedBundle())
  const key = readFileSync(desk.publicKeyFile, 'utf8')
  options = { file: desk.path, keys: [{ id: KEY_ID, algorithm: 'ES256', key }], entrypoints: [ENTRYPOINT] }
})
afterAll(() => rmSync(folder, { recursive: true }))

const open = (more: object) => openOfflinePolicy({ ...options, ...more })
const withKey = (more: object) => ({ keys: [{ ...options.keys[0], ...more }] })

test.each<[string, () => object, string]>([
  ['no file', () => ({ file: undefined }), 'options lacks file'],
  ['no keys', () => ({ keys: [] }), 'options.keys must be a list of keys, with one at least'],
  ['a key as text', () => ({ keys: ['-----BEGIN'] }), 'options.keys must be a list of keys'],
  ['a key without a name', () => withKey({ id: '' }), 'options.keys[0].id must be a string'],
  ['an algorithm that is none', () => withKey({ algorithm: 'none' }), 'options.keys[0].algorithm must be one of'],
  ['a misspelt state', () => withKey({ status: 'revoked' }), 'options.keys[0].status is not known'],
  ['a state that is none', () => withKey({ state: 'gone' }), 'keys[0].state must be one of active, retired, revoked'],
  [
    'a misspelt floor',
    () => ({ minVersion: 9 }),
    'options.minVersion is not known; there are file, keys, minimumVersion',
  ],
  ['a floor as text', () => ({ minimumVersion: '9' }), 'options.minimumVersion must be a whole number'],
  [
    'nothing to ask',
    () => ({ entrypoints: [] }),
    'options.entrypoints must be a list of entrypoints, with one at least',
  ],
  ['no time', () => ({ deadlineMs: 0 }), 'options.deadlineMs must be a whole number'],
])('opened with %s it says so', async (_what, more, message) => {
  await expect(open(more())).rejects.toThrow(message)
})

test('a bundle that is older than the floor, lacks an entrypoint or is signed by another does not serve', async () => {
  await expect(open({ minimumVersion: desk.version + 1 })).rejects.toThrow(/version/)
  await expect(open({ entrypoints: ['authz/nothing/decision'] })).rejects.toThrow(/authz\/nothing\/decision/)
  await expect(open(withKey({ key: makeKeyPair().publicKey }))).rejects.toThrow(/signature/)
})

test('it answers the decision; a reload takes the next bundle, and keeps the one before where that may not serve', async () => {
  const policy = await open({ minimumVersion: desk.version })
  try {
    expect(policy.evaluate(ENTRYPOINT, {})).toMatchObject({ allow: false })
    const before = policy.version
    await desk.publish(await committedBundle())
    await policy.reload()
    expect(policy.version).toBe(before + 1)
    desk.write(await desk.sign(await committedBundle(), before))
    await expect(policy.reload()).rejects.toThrow(/version/)
    expect([policy.version, policy.evaluate(ENTRYPOINT, {})]).toMatchObject([before + 1, { allow: false }])
  } finally {
    policy.close()
  }
})

test('it answers what it was opened for, and nothing once it is closed', async () => {
  const policy = await open({})
  expect(() => policy.evaluate('authz/introspect/decision', {})).toThrow(RangeError)
  expect(() => policy.evaluate('authz/nothing/decision', {})).toThrow(/authz\/nothing\/decision: not among/)
  expect(policy.evaluate(ENTRYPOINT, {})).toMatchObject({ allow: false })
  const reloading = policy.reload()
  policy.close()
  policy.close()
  await expect(reloading).rejects.toThrow(/is closed/)
  expect(() => policy.evaluate(ENTRYPOINT, {})).toThrow(/is closed/)
  await expect(policy.reload()).rejects.toThrow(/is closed/)
})
