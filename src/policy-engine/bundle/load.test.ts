/** Loading: every kind of file that is no fit bundle is refused with its own code, a fit one says what it is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, writeArchive } from './archive.ts'
import { buildFixture, FIXTURE_KEYS, SMALL, signFixture } from './bundle-fixture.ts'
import type { BundleFiles } from './digest.ts'
import { type LoadOptions, loadBundle } from './load.ts'

const options: LoadOptions = {
  name: 'sallyport',
  keys: FIXTURE_KEYS,
  minimumVersion: 0,
  requiredEntrypoints: ['authz/revoke/decision', 'system/log/mask', 'system/log/drop', 'system/authz/allow'],
}
let files: BundleFiles
let folder: string
beforeAll(async () => {
  files = await buildFixture(SMALL)
  folder = await mkdtemp(join(tmpdir(), 'bundle-load-'))
})
afterAll(() => rm(folder, { recursive: true }))

const packed = (change: (files: Map<string, Uint8Array>) => void = () => {}, version = 5) => {
  const copy = new Map(files)
  change(copy)
  return writeArchive(signFixture(copy, version))
}

describe('loading a bundle', () => {
  it('gives revision, version, key, entrypoints and cache ttls of a sound one, as archive and as folder', async () => {
    const path = join(folder, 'sound.tar.gz')
    await writeFile(path, await packed())
    const bundle = await loadBundle(path, options)
    expect(bundle).toMatchObject({ name: 'sallyport', version: 5, keyId: 'test' })
    expect(bundle.revision).toMatch(/^[0-9a-f]{64}$/)
    expect(bundle.revision).toBe(bundle.digest)
    expect(bundle.entrypoints).toContain('authz/revoke/decision')
    expect(bundle.cacheTtlSeconds).toEqual({ 'authz/userinfo/decision': 30 })
    for (const [name, bytes] of signFixture(new Map([...files].filter(([name]) => !name.includes('/'))), 6)) {
      await writeFile(join(folder, name), bytes)
    }
    await rm(path)
    expect(await loadBundle(folder, options)).toMatchObject({ version: 6, keyId: 'test' })
  })

  it('refuses an older version, and the active version with another content', async () => {
    const { digest } = await loadBundle(await packed(), options)
    const load = async (mark: { version: number; revision: string }, extra: Partial<LoadOptions> = {}) =>
      loadBundle(await packed(), { ...options, ...extra, mark })
    await expect(load({ version: 5, revision: digest })).resolves.toMatchObject({ version: 5 })
    await expect(load({ version: 6, revision: digest })).rejects.toMatchObject({ code: 'older_version' })
    await expect(load({ version: 5, revision: 'other' })).rejects.toMatchObject({ code: 'version_conflict' })
    await expect(loadBundle(await packed(), { ...options, minimumVersion: 6 })).rejects.toMatchObject({
      code: 'older_version',
    })
  })

  it('takes from a retired key what was active already, and nothing new', async () => {
    const { digest: revision } = await loadBundle(await packed(), options)
    const keys = FIXTURE_KEYS.map((key) => ({ ...key, state: 'retired' as const }))
    const load = async (version: number, mark?: LoadOptions['mark']) =>
      loadBundle(await packed(undefined, version), { ...options, keys, mark })
    await expect(load(5, { version: 5, revision })).resolves.toMatchObject({ version: 5 })
    for (const refused of [() => load(6, { version: 5, revision }), () => load(5)])
      await expect(refused()).rejects.toMatchObject({
        code: 'unknown_key',
        message: expect.stringContaining('retired'),
      })
  })

  it.each<[string, string, () => Promise<Uint8Array | string>]>([
    ['a missing file', 'unreadable', async () => join(folder, 'none.tar.gz')],
    ['text', 'not_a_bundle', async () => Buffer.from('hello')],
    ['a truncated archive', 'not_a_bundle', async () => (await packed()).subarray(0, 9000)],
    ['an unsigned bundle', 'unsigned', () => writeArchive(files)],
    [
      'a tampered module',
      'digest_mismatch',
      () => {
        const wasm = Buffer.from(files.get('policy.wasm') ?? '')
        wasm.writeUInt8(wasm.readUInt8(5000) ^ 1, 5000)
        return writeArchive(new Map(signFixture(files, 5)).set('policy.wasm', wasm))
      },
    ],
    ['a bundle without manifest', 'not_a_bundle', () => packed((copy) => copy.delete('.manifest'))],
    ['a bundle without module', 'no_wasm', () => packed((copy) => copy.delete('policy.wasm'))],
    ['a module that is none', 'not_a_bundle', () => packed((copy) => copy.set('policy.wasm', Buffer.from('x')))],
    ['data that OPA would drop', 'not_a_bundle', () => packed((copy) => copy.set('rbac/data.json', Buffer.from('{}')))],
    ['data that is no object', 'not_a_bundle', () => packed((copy) => copy.set('data.json', Buffer.from('[]')))],
  ])('refuses %s', async (_title, code, make) => {
    await expect(loadBundle(await make(), options)).rejects.toMatchObject({ code })
  })

  it('refuses what is too large before it reads a signature', async () => {
    const limits = { ...DEFAULT_LIMITS, archiveBytes: 100 }
    await expect(loadBundle(await writeArchive(files), { ...options, limits })).rejects.toMatchObject({
      code: 'too_large',
    })
  })

  it('refuses a bundle that lacks an entrypoint, or that answers an empty input out of contract', async () => {
    const needs = (entrypoint: string) => ({ ...options, requiredEntrypoints: [entrypoint] })
    await expect(loadBundle(await packed(), needs('authz/token/decision'))).rejects.toMatchObject({
      code: 'missing_entrypoint',
    })
    // Reads input.request.time, so it is undefined for an empty input.
    await expect(loadBundle(await packed(), needs('authz/userinfo/decision'))).rejects.toMatchObject({
      code: 'self_check_failed',
      message: expect.stringContaining('allow must be true or false'),
    })
  })

  it('says of a file that is not there why it cannot be read', async () => {
    await expect(loadBundle('/nowhere/bundle.tar.gz', options)).rejects.toMatchObject({
      code: 'unreadable',
      message: 'the bundle cannot be read: ENOENT',
    })
  })
})
