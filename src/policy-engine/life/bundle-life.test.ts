/** What becomes of bundles over time: copies on disk, keys that change, ends, and what an operator holds fast. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BundleServer, startBundleServer } from '../../../test/servers/bundle-server.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS } from '../bundle/bundle-fixture.ts'
import { SIGNATURES } from '../bundle/digest.ts'
import { type BundleKey, type BundleSigner, signBundle } from '../bundle/signature.ts'
import { degraded } from '../status.ts'
import { answering, openRoom, packed, type Room } from './activator-fixture.ts'
import type { BundleSource } from './bundle-source.ts'
import { fileMarks } from './file-marks.ts'
import type { TrustedKeys } from './trusted-keys.ts'
import { watchedKeys } from './trusted-keys.ts'

let room: Room
let server: BundleServer
beforeEach(async () => {
  room = await openRoom()
  server = await startBundleServer()
})
afterEach(async () => {
  await room.close()
  server.close()
})
const remote = () => ({ remote: room.service(server.url) })
const copies = () => readdir(join(room.folder, 'copies'))
const copyOf = async (version: number) => {
  const name = (await copies()).find((file) => file.startsWith(`${version}-`))
  return join(room.folder, 'copies', name ?? 'none')
}

function pair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    privateKey: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}
const signed = async (signer: BundleSigner, answer = signer.version) => {
  const files = new Map(await buildFixture(answering(answer)))
  return writeArchive(files.set(SIGNATURES, Buffer.from(signBundle(files, signer))))
}

describe('the copy on disk', () => {
  const downAgain = async (source: Partial<BundleSource> = {}) => {
    server.put(await packed(1), '"one"')
    const first = await room.follow({ ...remote(), ...source })
    server.put(await packed(2), '"two"')
    await first.until(() => first.version === 2)
    await first.until(() => first.activator.kept[0]?.version === 2)
    await first.close()
    server.misbehave((_request, response) => response.destroy())
  }

  it('serves when the source is down at start, verified again, and says that it is one', async () => {
    await downAgain()
    const again = await room.follow(remote())
    expect(again.version).toBe(2)
    await again.until(() => again.tracker.status.code === 'source_unreachable')
    expect(again.tracker.status).toMatchObject({ active_from: 'disk', source_reachable: false })
    expect(degraded(again.tracker.status)).toMatch(/copy on disk/)
  })

  it('is no longer called one when the source says that nothing changed since', async () => {
    await downAgain()
    const again = await room.follow(remote())
    const count = server.requests.length
    server.misbehave(undefined)
    await again.until(() => again.tracker.status.active_from === 'source')
    expect(server.requests.slice(count).some(({ ifNoneMatch }) => ifNoneMatch === '"two"')).toBe(true)
    expect(degraded(again.tracker.status)).toBeUndefined()
    expect(again.activations).toHaveLength(1)
  })

  it.each([
    ['a changed byte', async (file: string) => writeFile(file, flipped(await readFile(file))), 'not_a_bundle'],
    [
      'a forged one',
      async (file: string) => writeFile(file, await signed({ ...pair(), keyId: 'test', version: 2 })),
      'bad_signature',
    ],
    ['an older one', async (file: string) => writeFile(file, await readFile(await copyOf(1))), 'older_version'],
  ])('is refused where it is %s', async (_what, spoil, code) => {
    await downAgain()
    await spoil(await copyOf(2))
    const again = await room.follow(remote())
    expect(again.version).toBeUndefined()
    expect(again.lines.join('')).toContain(`"from":"disk","refusal":"${code}"`)
  })

  it('is refused under the mark of the store, and under the one beside it', async () => {
    await downAgain()
    await fileMarks(join(room.folder, 'marks.json')).raise('sallyport', 9, 'f'.repeat(64))
    expect((await room.follow(remote())).version).toBeUndefined()
    await writeFile(join(room.folder, 'marks.json'), '{}')
    await fileMarks(join(room.folder, 'copies/marks.json')).raise('sallyport', 9, 'f'.repeat(64))
    expect((await room.follow(remote())).version).toBeUndefined()
  })

  it('is kept of the last five, the oldest going first', async () => {
    const followed = await room.follow(remote())
    for (let version = 1; version <= 7; version++) {
      server.put(await packed(version), `"${version}"`)
      await followed.until(() => followed.activator.kept[0]?.version === version)
    }
    expect(followed.activator.kept.map(({ version }) => version)).toEqual([7, 6, 5, 4, 3])
    await followed.close()
    expect((await copies()).filter((file) => file.endsWith('.tar.gz'))).toHaveLength(5)
  })

  it('stops no activation where it cannot be written, nor does the mark beside it, and shows in status', async () => {
    const folder = join(room.folder, 'full')
    for (const name of ['state.json', 'marks.json']) {
      await mkdir(join(folder, `${name}.${process.pid}.new`), { recursive: true })
    }
    server.put(await packed(1), '"one"')
    const followed = await room.follow({ ...remote(), copies: { folder } })
    expect(followed.version).toBe(1)
    expect(followed.tracker.status).toMatchObject({ copy_trouble: 'the copy on disk cannot be written' })
    expect(await fileMarks(join(room.folder, 'marks.json')).read('sallyport')).toMatchObject({ version: 1 })
  })

  it('of a file that is watched is there to roll back to only: what is damaged at start is not replaced by it', async () => {
    const path = join(room.folder, 'bundle.tar.gz')
    await writeFile(path, await packed(3))
    const first = await room.follow({ path })
    expect(first.version).toBe(3)
    const digest = first.activator.kept[0]?.digest ?? ''
    await first.close()
    await writeFile(path, 'damaged')
    const again = await room.follow({ path })
    expect([again.version, again.tracker.status.code]).toEqual([undefined, 'not_a_bundle'])
    await again.activator.setPin({ version: 3, digest, by: 'operator', since: '2026-11-28T00:00:00.000Z' })
    expect(again.version).toBe(3)
  })
})

describe('keys that change while the service runs', () => {
  const one = pair()
  const two = pair()
  let files: BundleKey[]
  let keys: TrustedKeys
  const key = (id: string, { publicKey }: { publicKey: string }, state: BundleKey['state'] = 'active'): BundleKey => ({
    id,
    algorithm: 'ES256',
    key: publicKey,
    state,
  })
  beforeEach(() => {
    files = [key('one', one)]
    keys = watchedKeys({ first: files, read: async () => files, everyMs: 60_000 })
  })
  afterEach(() => keys.close())

  it('lets a key in: what it signed before is taken then', async () => {
    server.put(await signed({ ...one, keyId: 'one', version: 1 }), '"1"')
    const followed = await room.follow({ ...remote(), keys })
    server.put(await signed({ ...two, keyId: 'two', version: 2 }), '"2"')
    await followed.until(() => followed.tracker.status.code === 'unknown_key')
    expect(followed.version).toBe(1)
    files = [key('one', one), key('two', two)]
    await keys.refresh()
    await followed.until(() => followed.version === 2)
  })

  it('retires a key: what is active serves on, also over a restart, and nothing new of it is taken', async () => {
    server.put(await signed({ ...one, keyId: 'one', version: 1 }), '"1"')
    const followed = await room.follow({ ...remote(), keys })
    files = [key('one', one, 'retired'), key('two', two)]
    await keys.refresh()
    await followed.close()
    const again = await room.follow({ ...remote(), keys })
    expect(again.version).toBe(1)
    server.put(await signed({ ...one, keyId: 'one', version: 2 }), '"2"')
    await again.until(() => again.tracker.status.code === 'unknown_key')
    expect(again.version).toBe(1)
  })

  it('revokes a key: unavailable at once, until a bundle of a trusted key is active', async () => {
    server.put(await signed({ ...one, keyId: 'one', version: 1 }), '"1"')
    const followed = await room.follow({ ...remote(), keys })
    files = [key('one', one, 'revoked'), key('two', two)]
    await keys.refresh()
    await followed.until(() => followed.activations.at(-1) === undefined)
    expect(followed.tracker.status).toMatchObject({ code: 'unknown_key' })
    expect(followed.tracker.status).not.toHaveProperty('active_revision')
    server.put(await signed({ ...two, keyId: 'two', version: 2 }), '"2"')
    await followed.until(() => followed.version === 2)
    await followed.close()
    // Its copies on disk are refused too.
    server.misbehave((_request, response) => response.destroy())
    files = [key('two', two, 'revoked')]
    await keys.refresh()
    expect((await room.follow({ ...remote(), keys })).version).toBeUndefined()
  })

  it('says that nothing of it is active also where the threads that decide cannot go on without it', async () => {
    server.put(await signed({ ...one, keyId: 'one', version: 1 }), '"1"')
    const followed = await room.follow(
      { ...remote(), keys },
      { withdraw: () => Promise.reject(new Error('no memory')) },
    )
    files = [key('two', two)]
    await keys.refresh()
    await followed.until(() => followed.tracker.status.code === 'unknown_key')
    expect(followed.tracker.status).not.toHaveProperty('active_revision')
    server.put(await signed({ ...two, keyId: 'two', version: 2 }), '"2"')
    await followed.until(() => followed.tracker.status.version === 2)
  })

  it('ends trust in a key that is replaced under its name, or taken away', async () => {
    server.put(await signed({ ...one, keyId: 'one', version: 1 }), '"1"')
    const followed = await room.follow({ ...remote(), keys })
    files = [key('one', two)]
    await keys.refresh()
    await followed.until(() => followed.activations.length === 2)
    expect(followed.tracker.status.code).toBe('bad_signature')
  })

  it('keeps the keys that there were where a file cannot be read', async () => {
    const troubles: unknown[] = []
    let broken = false
    const read = async () => {
      if (broken) throw new Error('half written')
      return files
    }
    keys.close()
    keys = watchedKeys({ first: files, read, onTrouble: (error) => troubles.push(error), everyMs: 60_000 })
    broken = true
    await keys.refresh()
    await keys.refresh()
    expect(keys.current).toBe(files)
    expect(keys.trouble).toBe('half written')
    expect(troubles).toHaveLength(1)
    broken = false
    await keys.refresh()
    expect(keys.trouble).toBeUndefined()
  })
})

describe('the end of a bundle', () => {
  const signer = pair()
  const keys: readonly BundleKey[] = [{ id: 'one', algorithm: 'ES256', key: signer.publicKey }]
  const nowSeconds = Math.floor(Date.now() / 1000)
  const version = 1
  const by = (over: Partial<BundleSigner>) => signed({ ...signer, keyId: 'one', version, ...over })

  it('is its claim exp (RFC 7519 4.1.4): it is refused afterwards', async () => {
    server.put(await by({ expiresAt: nowSeconds - 1 }))
    const followed = await room.follow({ ...remote(), keys })
    expect(followed.tracker.status.code).toBe('expired')
    server.put(await by({ version: 2, expiresAt: nowSeconds + 3600 }))
    await followed.until(() => followed.version === 2)
    expect(followed.tracker.status.expires_at).toBe(new Date((nowSeconds + 3600) * 1000).toISOString())
  })

  it('is max_age_seconds after its claim iat, so that a frozen source is noticed', async () => {
    server.put(await by({ issuedAt: nowSeconds - 7200 }))
    expect((await room.follow({ ...remote(), keys, maxAgeSeconds: 3600 })).tracker.status.code).toBe('expired')
    expect((await room.follow({ ...remote(), keys, maxAgeSeconds: 9000 })).version).toBe(1)
  })

  it('takes it out of force while the source keeps saying that nothing changed', async () => {
    let nowMs = nowSeconds * 1000
    server.put(await by({ expiresAt: nowSeconds + 1 }), '"one"')
    const followed = await room.follow({ ...remote(), keys }, { nowMs: () => nowMs })
    expect(followed.version).toBe(1)
    nowMs += 2000
    await followed.until(() => followed.activations.length === 2)
    expect(followed.version).toBeUndefined()
    expect(followed.tracker.status.code).toBe('expired')
    server.put(await by({ version: 2, expiresAt: nowSeconds + 3600 }))
    await followed.until(() => followed.version === 2)
  })

  it('is later where it is signed anew: nothing else changes', async () => {
    server.put(await by({ expiresAt: nowSeconds + 60 }), '"one"')
    const followed = await room.follow({ ...remote(), keys })
    server.put(await by({ expiresAt: nowSeconds + 3600 }), '"two"')
    const later = new Date((nowSeconds + 3600) * 1000).toISOString()
    await followed.until(() => followed.tracker.status.expires_at === later)
    expect(followed.activations).toHaveLength(1)
  })

  it('cannot be told of one that was signed in the future', async () => {
    server.put(await by({ issuedAt: nowSeconds + 3600 }))
    expect((await room.follow({ ...remote(), keys, maxAgeSeconds: 60 })).tracker.status.code).toBe('not_yet_valid')
    expect((await room.follow({ ...remote(), keys })).version).toBe(1)
  })
})

describe('a pin', () => {
  const since = '2026-11-28T00:00:00.000Z'
  const two = async () => {
    server.put(await packed(1), '"one"')
    const followed = await room.follow(remote())
    server.put(await packed(2), '"two"')
    await followed.until(() => followed.activator.kept.length === 2)
    return followed
  }

  it('rolls back under the mark, holds over a restart, keeps newer ones out, and lets them in again', async () => {
    const first = await two()
    const digest = first.activator.kept[1]?.digest ?? ''
    await first.activator.setPin({ version: 1, digest, by: 'operator', since })
    expect(first.version).toBe(1)
    expect(first.tracker.status).toMatchObject({ version: 1, pinned: { version: 1, by: 'operator', since } })
    server.put(await packed(3), '"three"')
    await first.until(() => first.tracker.status.held !== undefined)
    expect([first.tracker.status.code, /held back/.test(first.lines.join())]).toEqual([undefined, true])
    await first.close()
    const again = await room.follow(remote())
    expect(again.version).toBe(1)
    await again.until(() => again.tracker.status.held !== undefined)
    expect(await fileMarks(join(room.folder, 'marks.json')).read('sallyport')).toMatchObject({ version: 2 })
    await again.activator.unpin()
    expect(again.version).toBe(3)
    expect(again.tracker.status).not.toHaveProperty('pinned')
  })

  it('of what is unfit by now is not set: an unknown version, a spoilt copy', async () => {
    const followed = await two()
    const kept = followed.activator.kept[1]
    const pin = { version: 1, digest: kept?.digest ?? '', by: 'operator', since }
    await expect(followed.activator.setPin({ ...pin, version: 9 })).rejects.toMatchObject({ code: 'not_found' })
    await writeFile(await copyOf(1), 'spoilt')
    await expect(followed.activator.setPin(pin)).rejects.toMatchObject({ code: 'conflict' })
    expect([followed.version, followed.activator.pin]).toEqual([2, undefined])
  })

  it('is never passed over: a damaged state stops the start', async () => {
    const followed = await two()
    await followed.close()
    await writeFile(join(room.folder, 'copies/state.json'), '{')
    await expect(room.follow(remote())).rejects.toBeInstanceOf(ConfigError)
  })

  it.each([
    ['written by hand', {}],
    ['written by hand under an id', { pin_id: '8c0f7c1e-7d5e-4b0a-9a1c-0a6f5f4f2b11' }],
  ])('is refused where it was %s beside an old copy, under the mark and minimum_version', async (_what, id) => {
    const first = await two()
    await first.close()
    const file = join(room.folder, 'copies/state.json')
    const state = JSON.parse(await readFile(file, 'utf8'))
    const digest = first.activator.kept[1]?.digest ?? ''
    await writeFile(file, JSON.stringify({ ...state, ...id, pin: { version: 1, digest, by: 'operator', since } }))
    await expect(room.follow({ ...remote(), minimumVersion: 2 })).rejects.toThrow(
      /state\.json pins version 1 by operator, which the store does not confirm: remove the file/,
    )
  })

  it('is refused where it was changed, or lifted since: an old state of the folder does not bring it back', async () => {
    const first = await two()
    const digest = first.activator.kept[1]?.digest ?? ''
    await first.activator.setPin({ version: 1, digest, by: 'operator', since })
    const file = join(room.folder, 'copies/state.json')
    const pinned = await readFile(file, 'utf8')
    await first.activator.setPin({ version: 2, digest: first.activator.kept[0]?.digest ?? '', by: 'operator', since })
    const later = await readFile(file, 'utf8')
    await first.close()
    await writeFile(file, JSON.stringify({ ...JSON.parse(later), pin: JSON.parse(pinned).pin }))
    await expect(room.follow(remote())).rejects.toBeInstanceOf(ConfigError)
    await writeFile(file, pinned)
    await expect(room.follow(remote())).rejects.toBeInstanceOf(ConfigError)
    await writeFile(file, later)
    const again = await room.follow(remote())
    expect(again.version).toBe(2)
    await again.activator.unpin()
    await again.close()
    await writeFile(file, later)
    await expect(room.follow(remote())).rejects.toBeInstanceOf(ConfigError)
  })

  it('leaves nothing in force where its copy is gone, rather than another bundle', async () => {
    const first = await two()
    const digest = first.activator.kept[1]?.digest ?? ''
    await first.activator.setPin({ version: 1, digest, by: 'operator', since })
    await first.close()
    await writeFile(await copyOf(1), 'gone')
    const again = await room.follow(remote())
    await again.until(() => again.tracker.status.held !== undefined)
    expect(again.version).toBeUndefined()
  })
})

const flipped = (bytes: Buffer): Buffer => {
  const at = Math.floor(bytes.byteLength / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

it('needs keys at all', async () => {
  await expect(room.follow({ ...remote(), keys: [] })).rejects.toBeInstanceOf(ConfigError)
  expect(FIXTURE_KEYS).toHaveLength(1)
})
