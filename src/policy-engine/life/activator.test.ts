/** Hot reload on a real disk: every way to save, every unfit file, and the mark; the old bundle serves on. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../kernel/errors.ts'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, packFixture, SMALL, signFixture } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { BundleTracker } from '../status.ts'
import { type Activator, openActivator } from './activator.ts'
import type { BundleSource } from './bundle-source.ts'
import { fileMarks } from './file-marks.ts'

const changed = (answer: number) => ({ ...SMALL, data: { rbac: { answer } } })
const required = ['authz/revoke/decision', 'system/log/mask']
let folder: string
let path: string
let lines: string[]
let activations: VerifiedBundle[]
let statuses: (() => void)[]
let activator: Activator | undefined
let tracker: BundleTracker
const metrics = createMetrics('t')

beforeAll(async () => {
  await packFixture(changed(42), 1)
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'activator-'))
  path = join(folder, 'bundle.tar.gz')
  lines = []
  activations = []
  statuses = []
})
afterEach(async () => {
  await activator?.close()
  await rm(folder, { recursive: true })
})

const open = async (source: Partial<BundleSource> = {}) => {
  tracker = new BundleTracker('sallyport')
  activator = await openActivator({
    tracker,
    source: { path, keys: FIXTURE_KEYS, minimumVersion: 0, requiredEntrypoints: required, ...source },
    marks: fileMarks(join(folder, 'marks', 'marks.json')),
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
    metrics,
    activate: async (bundle, note) => {
      await note()
      activations.push(bundle)
    },
    withdraw: async () => {},
    onStatus: () => {
      for (const wake of statuses.splice(0)) wake()
    },
  })
  return activator
}
/** Waits for a condition on what the activator has told; woken by its events, never by time. */
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise<void>((wake) => statuses.push(wake))
}
const active = () => activations.at(-1)?.version
const refusal = () => tracker.status.code

describe('hot reload', () => {
  it('follows 20 saves, by rename and in place alternately, and notes each version', async () => {
    await writeFile(path, await packFixture(changed(0), 1))
    await open()
    expect(active()).toBe(1)
    for (let version = 2; version <= 21; version++) {
      const bytes = await packFixture(changed(version % 2), version)
      if (version % 2 === 0) {
        await writeFile(`${path}.new`, bytes)
        await rename(`${path}.new`, path)
      } else await writeFile(path, bytes)
      await until(() => active() === version)
    }
    expect(tracker.status).toMatchObject({
      version: 21,
      key_id: 'test',
      active_revision: activations.at(-1)?.revision,
    })
    expect(tracker.status).not.toHaveProperty('last_refusal')
    expect(await fileMarks(join(folder, 'marks', 'marks.json')).read('sallyport')).toMatchObject({ version: 21 })
  })

  it('does not count a file that is half written when it is complete in time', async () => {
    await writeFile(path, await packFixture(changed(0), 1))
    await open()
    const bytes = await packFixture(changed(1), 2)
    await writeFile(path, bytes.subarray(0, 5000))
    await writeFile(path, bytes)
    await until(() => active() === 2)
    expect(tracker.status).not.toHaveProperty('last_refusal')
  })

  it('follows a folder', async () => {
    const tree = join(folder, 'tree')
    const { mkdir } = await import('node:fs/promises')
    await mkdir(tree)
    const put = async (version: number, answer: number) => {
      for (const [name, bytes] of signFixture(await buildFixture(changed(answer)), version)) {
        if (!name.includes('/')) await writeFile(join(tree, name), bytes)
      }
    }
    const flat = async (version: number, answer: number) => {
      const files = new Map([...(await buildFixture(changed(answer)))].filter(([name]) => !name.includes('/')))
      for (const [name, bytes] of signFixture(files, version)) await writeFile(join(tree, name), bytes)
    }
    await flat(1, 0)
    await open({ path: tree })
    expect(active()).toBe(1)
    await flat(2, 1)
    await until(() => active() === 2)
    await put(3, 0)
    await until(() => refusal() !== undefined)
    expect(active()).toBe(2)
  })
})

describe('refusals', () => {
  it.each<[string, string, () => Promise<Uint8Array>]>([
    [
      'tampered',
      'digest_mismatch',
      async () =>
        writeArchive(
          new Map(signFixture(await buildFixture(changed(1)), 9)).set(
            'data.json',
            Buffer.from('{"rbac":{"answer":1,"x":1}}'),
          ),
        ),
    ],
    ['unsigned', 'unsigned', async () => writeArchive(await buildFixture(changed(1)))],
    ['older', 'older_version', () => packFixture(changed(1), 4)],
    ['of the same version with another content', 'version_conflict', () => packFixture(changed(1), 5)],
    ['truncated', 'not_a_bundle', async () => (await packFixture(changed(1), 9)).subarray(0, 7000)],
    ['no bundle at all', 'not_a_bundle', async () => Buffer.from('<html>')],
    [
      'without a required entrypoint',
      'missing_entrypoint',
      () => packFixture({ ...SMALL, entrypoints: ['authz/revoke/decision'] }, 9),
    ],
  ])(
    'refuses a file that is %s: reason in status and log, the old bundle serves, the next fit one heals',
    async (_title, code, make) => {
      await writeFile(path, await packFixture(changed(0), 5))
      await open()
      await writeFile(path, await make())
      await until(() => refusal() !== undefined)
      expect(tracker.status).toMatchObject({ code, version: 5, last_refusal: { code } })
      expect(active()).toBe(5)
      expect(lines.join()).toContain(`"refusal":"${code}"`)
      await writeFile(path, await packFixture(changed(0), 10))
      await until(() => active() === 10)
      expect(refusal()).toBeUndefined()
      expect(tracker.status.last_refusal).toMatchObject({ code })
      expect(await metrics.registry.getSingleMetricAsString('bundle_failed_load_counter')).toContain(`code="${code}"`)
    },
  )

  it('refuses a wrong key and a file over its limit', async () => {
    await writeFile(path, await packFixture(changed(0), 5))
    await open({ keys: [{ ...(FIXTURE_KEYS[0] as (typeof FIXTURE_KEYS)[number]), id: 'other' }] })
    expect(refusal()).toBe('unknown_key')
    await activator?.close()
    await open({ limits: { archiveBytes: 1000, totalBytes: 1000, files: 10 } })
    expect(refusal()).toBe('too_large')
    expect(activations).toEqual([])
  })

  it('holds an older bundle against the mark across a restart', async () => {
    await writeFile(path, await packFixture(changed(0), 5))
    await (await open()).close()
    await writeFile(path, await packFixture(changed(1), 4))
    await open()
    expect(refusal()).toBe('older_version')
  })

  it('does not start without keys, nor without both mark and minimum version', async () => {
    await writeFile(path, await packFixture(changed(0), 5))
    await expect(open({ keys: [] })).rejects.toBeInstanceOf(ConfigError)
    const marks = fileMarks(join(folder, 'none.json'))
    const source = { path, keys: FIXTURE_KEYS, requiredEntrypoints: required }
    const base = {
      tracker,
      marks,
      logger: createLogger({ level: 'silent' }),
      metrics,
      activate: async () => {},
      withdraw: async () => {},
      onStatus: () => {},
    }
    await expect(openActivator({ ...base, source })).rejects.toBeInstanceOf(ConfigError)
  })

  it('refuses while marks cannot be read, and takes the bundle once they can', async () => {
    await writeFile(path, await packFixture(changed(0), 5))
    await open()
    await writeFile(join(folder, 'marks', 'marks.json'), 'damaged')
    await writeFile(path, await packFixture(changed(1), 6))
    await until(() => refusal() === 'mark_unavailable')
    expect(active()).toBe(5)
    await rm(join(folder, 'marks', 'marks.json'))
    await until(() => active() === 6)
  })
})
