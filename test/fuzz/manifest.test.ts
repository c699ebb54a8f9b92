/** Fuzz of the manifest: signed anew by the trusted key, so that the reader comes to it, or left under the old signature. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import { type BundleFiles, MANIFEST, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { mustBeSigned, OPTIONS, SMALL_FILES, signTrusted } from './corpus.ts'
import { fuzz, refusal } from './fuzz.ts'
import { mutateJson, mutateText } from './mutate.ts'
import { tarOf } from './tar.ts'

const VALID = {
  revision: 'r1',
  roots: ['team', 'users/a', 'users/b'],
  rego_version: 1,
  file_rego_versions: { '/x.rego': 0 },
  metadata: { owner: 'é', number: 1.5 },
}
const WITH_MODULE = {
  ...VALID,
  wasm: [
    {
      entrypoint: 'team/allow',
      module: '/policy.wasm',
      annotations: [{ scope: 'rule', entrypoint: true, custom: { cache_ttl_seconds: 30 } }],
    },
  ],
}
/** A module in name only: what follows the manifest refuses it, at no cost. */
const NO_MODULE = Buffer.from('\0asm\u0001\0\0\0', 'latin1')

const pack = (files: BundleFiles): Buffer =>
  gzipSync(tarOf([...files].map(([name, content]) => ({ name: `/${name}`, content }))), { level: 1 })

describe('manifest', () => {
  it('any manifest is refused by name, or is what was signed (OPA, "Bundles")', { timeout: 3_600_000 }, async () => {
    const original = signTrusted(new Map(SMALL_FILES).set(MANIFEST, Buffer.from(JSON.stringify(VALID))))
    const { outcomes } = await fuzz('manifest', async (random, at) => {
      const hasModule = random.chance(2)
      const start = hasModule ? WITH_MODULE : VALID
      const json = JSON.stringify(mutateJson(random, start))
      const manifest = random.chance(4) ? mutateText(random, JSON.stringify(start)) : Buffer.from(json)
      const files = new Map(SMALL_FILES).set(MANIFEST, manifest)
      if (hasModule) files.set('policy.wasm', NO_MODULE)
      const signAnew = at % 3 !== 0
      let archive: Buffer
      try {
        archive = pack(signAnew ? signTrusted(files) : files.set(SIGNATURES, original.get(SIGNATURES) ?? NO_MODULE))
      } catch (error) {
        // No JSON: not even its signer takes it.
        return { said: `unsignable ${refusal(error)}`, deep: false }
      }
      try {
        await loadBundle(archive, OPTIONS)
      } catch (error) {
        return { said: refusal(error), deep: signAnew }
      }
      mustBeSigned(await readArchive(archive))
      return { said: 'accepted', deep: signAnew }
    })
    for (const code of ['accepted', 'not_a_bundle', 'no_wasm', 'digest_mismatch']) {
      expect(outcomes.get(code), code).toBeGreaterThan(0)
    }
  })
})
