/**
 * Fuzz of the bundle reader whole: archive → signature → version → manifest → data → module. It refuses by name, and what it
 * accepts is, part for part, what the trusted key signed.
 */
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { buildFixture, SMALL } from '../../src/policy-engine/bundle/bundle-fixture.ts'
import { type BundleFiles, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { mustBeSigned, OPTIONS, SMALL_FILES, signStranger, signTrusted } from './corpus.ts'
import { fuzz, isGzip, refusal } from './fuzz.ts'
import { mutateBytes } from './mutate.ts'
import { tarOf } from './tar.ts'

let small: BundleFiles
let whole: BundleFiles

beforeAll(async () => {
  small = signTrusted(SMALL_FILES)
  whole = signTrusted(await buildFixture(SMALL))
})

const tarOfFiles = (files: BundleFiles): Buffer =>
  tarOf([...files].map(([name, content]) => ({ name: `/${name}`, content })))
const pack = (files: BundleFiles): Buffer => gzipSync(tarOfFiles(files), { level: 1 })

const NEW_NAMES = [
  'patch.json',
  'a/data.json',
  'data.yaml',
  'policy.wasm',
  'x.rego',
  '.manifest.json',
  '.Manifest',
] as const

/** A file holds something else, goes, comes, or is called otherwise. */
function changeFiles(random: Random, files: BundleFiles): BundleFiles {
  const changed = new Map(files)
  const names = [...files.keys()]
  const name = names[random.below(names.length)] ?? ''
  const content = files.get(name) ?? Buffer.alloc(0)
  switch (random.below(5)) {
    case 0:
      changed.delete(name)
      return changed
    case 1:
      return changed.set(random.pick(...NEW_NAMES), mutateBytes(random, content))
    case 2:
      changed.delete(name)
      return changed.set(random.pick(...NEW_NAMES), content)
    default:
      return changed.set(name, mutateBytes(random, content))
  }
}

/** Signed as before, by the trusted key anew, or by a stranger in its name. */
function sign(random: Random, files: BundleFiles, before: BundleFiles): BundleFiles {
  const unsigned = new Map([...files].filter(([name]) => name !== SIGNATURES))
  try {
    if (random.chance(3)) return signTrusted(unsigned)
    if (random.chance(3)) return signStranger(unsigned)
  } catch (error) {
    refusal(error)
  }
  const old = before.get(SIGNATURES)
  return random.chance(8) || old === undefined ? unsigned : unsigned.set(SIGNATURES, old)
}

function makeArchive(random: Random, at: number): Buffer {
  // The one with a module is big, and slow to compile: a few of a hundred.
  const base = at % 64 === 0 ? whole : small
  switch (at % 4) {
    case 0:
      return pack(sign(random, changeFiles(random, base), base))
    case 1:
      return gzipSync(mutateBytes(random, tarOfFiles(base)), { level: 1 })
    case 2:
      return mutateBytes(random, pack(base))
    default:
      return pack(random.chance(16) ? base : changeFiles(random, base))
  }
}

describe('bundle reader', () => {
  it('accepts the bundles that the others are made from', async () => {
    for (const files of [small, whole])
      expect(await loadBundle(await writeArchive(files), OPTIONS)).toMatchObject({ version: 1, keyId: 'trusted' })
  })

  it('any bytes are refused by name, or are what was signed (OPA, "Signing")', { timeout: 3_600_000 }, async () => {
    const { outcomes } = await fuzz('bundle reader', async (random, at) => {
      const archive = makeArchive(random, at)
      const deep = isGzip(archive)
      try {
        await loadBundle(archive, OPTIONS)
      } catch (error) {
        return { said: refusal(error), deep }
      }
      mustBeSigned(await readArchive(archive))
      return { said: 'accepted', deep }
    })
    for (const code of ['accepted', 'unsigned', 'bad_signature', 'digest_mismatch', 'not_a_bundle']) {
      expect(outcomes.get(code), code).toBeGreaterThan(0)
    }
  })
})
