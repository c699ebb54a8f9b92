/** A swap that one of the two threads cannot make: both stay on the bundle before, and what ends that ends both. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from '../observability/logger.ts'
import { writeArchive } from './bundle/archive.ts'
import { buildFixture, SMALL } from './bundle/bundle-fixture.ts'
import { SIGNATURES } from './bundle/digest.ts'
import { type BundleKey, signBundle } from './bundle/signature.ts'
import { fileMarks } from './life/file-marks.ts'
import { type TrustedKeys, watchedKeys } from './life/trusted-keys.ts'
import { openPolicyPlatform, type PolicyPlatform } from './platform.ts'
import type { ToWorker } from './process/worker-messages.ts'
import { askUserinfo } from './question-fixture.ts'

const pairs = {
  k1: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  k2: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  k3: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
type KeyId = keyof typeof pairs
const trusted = (...ids: KeyId[]): BundleKey[] =>
  ids.map((id) => ({
    id,
    algorithm: 'ES256',
    key: pairs[id].publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }))
const packed = async (keyId: KeyId, version: number) => {
  const files = new Map(await buildFixture({ ...SMALL, data: { rbac: { answer: version } } }))
  const privateKey = pairs[keyId].privateKey.export({ type: 'sec1', format: 'pem' }).toString()
  return writeArchive(files.set(SIGNATURES, Buffer.from(signBundle(files, { privateKey, keyId, version }))))
}

let folder: string
let path: string
let files: BundleKey[]
let keys: TrustedKeys
let platform: PolicyPlatform

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platform-swap-'))
  path = join(folder, 'bundle.tar.gz')
  files = trusted('k1', 'k2')
  keys = watchedKeys({ first: files, read: async () => files, everyMs: 60_000 })
  await writeFile(path, await packed('k1', 1))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await platform.close()
  keys.close()
  await rm(folder, { recursive: true })
})
const open = async () => {
  platform = await openPolicyPlatform({
    bundles: { platform: { path, keys, minimumVersion: 0, requiredEntrypoints: ['system/log/mask'] } },
    marks: fileMarks(join(folder, 'marks.json')),
    logDirectory: join(folder, 'logs'),
    version: '1.0.0',
    api: { host: '127.0.0.1', port: 0 },
    logger: createLogger({ level: 'silent' }),
  })
}
const offer = async (keyId: KeyId, version: number) => {
  await writeFile(`${path}.new`, await packed(keyId, version))
  await rename(`${path}.new`, path)
  await expect.poll(() => platform.status().bundles.sallyport?.code, { timeout: 60_000 }).toBe('self_check_failed')
}
const revokeAllBut = async (...ids: KeyId[]) => {
  files = trusted(...ids)
  await keys.refresh()
}
const versions = () => platform.status().nodes.map(({ version }) => version)
const ask = async () =>
  (await fetch(`http://127.0.0.1:${platform.port}/v1/data/probe/echo`, { method: 'POST', body: '{"input":1}' })).status
const decide = () =>
  platform.decide('userinfo', askUserinfo()).then(
    () => 'decided',
    () => 'unavailable',
  )

/** The thread of the policy API answers an activation as it does where it cannot load the bundle. */
const workerRejects = () => {
  const { postMessage } = Worker.prototype
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message: ToWorker, ...rest) {
    if (message.kind !== 'activate') return postMessage.call(this, message, ...rest)
    setImmediate(() => this.emit('message', { kind: 'activated', id: message.id, failure: 'out of memory' }))
  })
}
function outOfMemory(): never {
  throw new Error('out of memory')
}

/** This thread cannot load what the other is about to, from then on until the other is told anew. */
const authRejects = () => {
  const { postMessage } = Worker.prototype
  let told = false
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message: ToWorker, ...rest) {
    if (message.kind === 'activate' && !told) {
      told = true
      vi.spyOn(WebAssembly, 'Instance').mockImplementation(outOfMemory)
    }
    return postMessage.call(this, message, ...rest)
  })
}

describe.each([
  ['the thread of the policy API', workerRejects],
  ['the thread of the auth service', authRejects],
])('a bundle that %s cannot load', (_which, rejects) => {
  it('is active on neither: both keep the one before, and end with its key', async () => {
    await open()
    await platform.ready
    rejects()
    await offer('k2', 2)
    await expect.poll(versions, { timeout: 60_000 }).toEqual([1, 1])
    vi.restoreAllMocks()
    expect([await decide(), await ask()]).toEqual(['decided', 200])
    // Nothing that it signed is in force.
    await revokeAllBut('k1')
    await expect.poll(() => platform.status().bundles.sallyport?.code, { timeout: 60_000 }).toBe('unknown_key')
    expect(versions()).toEqual([1, 1])
    await revokeAllBut('k3')
    await expect.poll(versions, { timeout: 60_000 }).toEqual([undefined, undefined])
    expect([await decide(), await ask()]).toEqual(['unavailable', 503])
  })

  it('leaves nothing in force where there was none before', async () => {
    rejects()
    await open()
    await expect.poll(() => platform.status().bundles.sallyport?.code, { timeout: 60_000 }).toBe('self_check_failed')
    vi.restoreAllMocks()
    await expect.poll(versions, { timeout: 60_000 }).toEqual([undefined, undefined])
    expect([await decide(), await ask()]).toEqual(['unavailable', 503])
  })
})
