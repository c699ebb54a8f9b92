/** Bundles are loaded in a thread of their own: what comes back is what loading here gives, refusals with their codes. */
import { afterEach, describe, expect, it } from 'vitest'
import { BundleError } from '../engine.ts'
import { openBundle } from '../wasm/open.ts'
import { FIXTURE_KEYS, packFixture, SMALL } from './bundle-fixture.ts'
import { loadWhole } from './load.ts'
import { createLoader, type ThreadLoader } from './loader.ts'

const options = { name: 'sallyport', keys: FIXTURE_KEYS, minimumVersion: 0, requiredEntrypoints: ['system/log/mask'] }
let loader: ThreadLoader | undefined
afterEach(() => loader?.close())

const deciding = (idleMs?: number): ThreadLoader => {
  loader = createLoader(idleMs === undefined ? {} : { idleMs })
  loader.decide()
  return loader
}

describe('the loading thread', () => {
  it('gives what loading on this thread gives, in memory that both share', async () => {
    const bytes = await packFixture(SMALL, 3)
    const [there, here] = [await deciding().load(bytes, options), await loadWhole(bytes, options)]
    const { dataJson, image, ...rest } = there.bundle
    expect(Buffer.from(dataJson)).toEqual(Buffer.from(here.bundle.dataJson))
    expect(dataJson.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(image?.bytes).toBeInstanceOf(SharedArrayBuffer)
    expect(rest).toMatchObject({ revision: here.bundle.revision, version: 3, roots: here.bundle.roots })
    expect((await openBundle(there.bundle)).evaluate('probe/echo', 1)).toEqual({ input: 1, answer: 42 })
  })

  it('refuses with the same codes, and serves on', async () => {
    const thread = deciding()
    const spoilt = Buffer.from(await packFixture(SMALL, 1)).subarray(0, 400)
    await expect(thread.load(spoilt, options)).rejects.toMatchObject({ name: 'BundleError', code: 'not_a_bundle' })
    await expect(thread.load('/nowhere', options)).rejects.toMatchObject({ code: 'unreadable' })
    const bytes = await packFixture(SMALL, 1)
    await expect(thread.load(bytes, { ...options, minimumVersion: 9 })).rejects.toBeInstanceOf(BundleError)
    await expect(thread.load(bytes, options)).resolves.toMatchObject({ bundle: { version: 1 } })
  })

  it('ends when there is nothing to do, and is there again for the next', async () => {
    const thread = deciding(0)
    const bytes = await packFixture(SMALL, 1)
    for (let round = 0; round < 3; round++) {
      await expect(thread.load(bytes, options)).resolves.toMatchObject({ bundle: { version: 1 } })
      await expect.poll(() => thread.isRunning, { timeout: 60_000 }).toBe(false)
    }
  })

  it('answers those who wait when it is ended', async () => {
    const thread = deciding()
    const loading = thread.load(await packFixture(SMALL, 1), options)
    await thread.close()
    await expect(loading).rejects.toMatchObject({ code: 'self_check_failed' })
  })
})
