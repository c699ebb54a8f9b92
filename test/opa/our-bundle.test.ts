/**
 * A bundle of ours in the real OPA: its signature is verified, and all cases of the decisions are answered as by our own
 * service, from the Rego in it and from its WebAssembly (OPA, "Bundles", "Signing").
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inputOf, readTable } from '../../policy-tests/tables.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { committedBundle, KEY_ID } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { startOpaServer } from '../servers/opa-server.ts'

/** Every case that asks about the data that is in the bundle. */
const QUESTIONS = Object.values(DECISIONS).flatMap(({ name, entrypoint }) => {
  const table = readTable(`authz/${name}`)
  const cases = table.cases.filter(({ rbac }) => rbac === undefined)
  return cases.map((entry) => ({
    path: `/v1/data/${entrypoint}`,
    input: inputOf(table, entry),
    about: `${name}: ${entry.name}`,
  }))
})

interface DataAnswer {
  readonly result?: unknown
  readonly metrics?: Readonly<Record<string, number>>
  readonly provenance?: { readonly bundles: Readonly<Record<string, { readonly revision: string }>> }
}

let folder: string
let ours: Deployment

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'our-bundle-'))
  ours = await deploy('one-process')
})
afterAll(async () => {
  await ours?.stop()
  rmSync(folder, { recursive: true })
})

async function ask(origin: string, path: string, input: unknown): Promise<DataAnswer> {
  const answer = await fetch(`${origin}${path}`, { method: 'POST', body: JSON.stringify({ input }) })
  expect(answer.status).toBe(200)
  return JSON.parse(await answer.text()) as DataAnswer
}

const verifying = (bundle: string): string[] => [
  ...['--bundle', bundle, '--verification-key', ours.bundle.publicKeyFile],
  ...['--verification-key-id', KEY_ID, '--signing-alg', 'ES256'],
]

async function startOpaWith(name: string, files: BundleFiles) {
  writeFileSync(join(folder, name), await ours.bundle.sign(files))
  return startOpaServer({ cwd: folder, args: verifying(name) })
}

const withoutRego = (files: BundleFiles): BundleFiles => new Map([...files].filter(([name]) => !name.endsWith('.rego')))

describe('the real OPA', () => {
  it.each([
    { what: 'its Rego', name: 'whole.tar.gz', take: (files: BundleFiles) => files, byWasm: false },
    { what: 'its WebAssembly', name: 'wasm.tar.gz', take: withoutRego, byWasm: true },
  ])('verifies a bundle of ours and answers all cases alike, from $what', async ({ name, take, byWasm }) => {
    const opa = await startOpaWith(name, take(await committedBundle()))
    try {
      expect(QUESTIONS.length).toBeGreaterThan(100)
      for (const { path, input, about } of QUESTIONS) {
        const [mine, theirs] = await Promise.all([ask(ours.policy, path, input), ask(opa.origin, path, input)])
        expect(theirs.result, about).toBeDefined()
        expect(theirs.result, about).toEqual(mine.result)
      }
      const { metrics, provenance } = await ask(opa.origin, `${QUESTIONS[0]?.path}?metrics&instrument&provenance`, {})
      // Only Rego has rules to look up: its WebAssembly answers whole.
      expect(metrics?.timer_eval_op_rule_index_ns === undefined).toBe(byWasm)
      expect(metrics?.timer_rego_query_eval_ns).toBeGreaterThan(0)
      expect(Object.values(provenance?.bundles ?? {})).toEqual([{ revision: (await ours.status()).nodes[0]?.revision }])
    } finally {
      await opa.stop()
    }
  })

  it('refuses the bundle once a byte of its data was changed', async () => {
    const files = new Map(await committedBundle())
    const signed = await ours.bundle.sign(files)
    const changed = new Map(await readArchive(signed)).set('data.json', Buffer.from('{"rbac":{}}'))
    writeFileSync(join(folder, 'changed.tar.gz'), await writeArchive(changed))
    await expect(startOpaServer({ cwd: folder, args: verifying('changed.tar.gz') })).rejects.toThrow(/digest/)
  })
})
