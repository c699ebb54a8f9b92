/** A bundle that OPA's own commands built and signed, served by us: answered as the real OPA answers it (OPA, "Signing"). */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalize } from '../../src/policy-engine/bundle/canonical.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { parseExact } from '../../src/policy-engine/exact-json.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { startOpaServer } from '../servers/opa-server.ts'
import { until } from '../servers/until.ts'
import { type Author, bytesOf, makeAuthor } from './opa-tools.ts'

const INPUTS = [
  { user: 'alice', spent: 3 },
  { user: 'bob', spent: 0.1 },
  { user: 'eve', spent: 12_345_678_901_234 },
  { user: 'nobody' },
  {},
  { user: null, spent: 'x' },
] as const
const PATHS = [
  'app',
  'app/allow',
  'app/teams',
  'app/over',
  'app/report',
  'teams/red',
  'teams/blue/members/1',
  'budget',
] as const

let folder: string
let author: Author
let ours: Deployment

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opa-bundle-'))
  author = makeAuthor(folder)
  const key = { id: author.keyId, key_file: author.publicKeyFile, algorithm: 'ES256' }
  const had = (name: string, path: string) => ({ name, path, keys: [key], minimum_version: 1 })
  renameSync(author.build(1), join(folder, 'app.tar.gz'))
  ours = await deploy('one-process', { settings: { policy: { bundles: [had('app', join(folder, 'app.tar.gz'))] } } })
})
afterAll(async () => {
  await ours?.stop()
  rmSync(folder, { recursive: true })
})

/** Status and result, its keys in order and its numbers as they were sent: 1.50 is not 1.5. */
async function ask(origin: string, path: string, input: unknown): Promise<string> {
  const answer = await fetch(`${origin}/v1/data/${path}`, { method: 'POST', body: JSON.stringify({ input }) })
  const { result } = parseExact(await answer.text()) as { result?: unknown }
  return `${answer.status} ${result === undefined ? 'undefined' : canonicalize(Buffer.from(JSON.stringify(result)))}`
}

const inForce = async (budget: string) => (await ask(ours.policy, 'budget', {})) === `200 ${budget}`

describe('a bundle that opa built and signed', () => {
  it('is verified and answered as OPA answers it, number text included', async () => {
    await until(() => inForce('1.50'), 'the bundle is active')
    const verified = [
      '--verification-key',
      author.publicKeyFile,
      '--verification-key-id',
      author.keyId,
      '--signing-alg',
      'ES256',
    ]
    const opa = await startOpaServer({ cwd: folder, args: ['--bundle', 'app.tar.gz', ...verified] })
    try {
      for (const path of PATHS) {
        for (const input of INPUTS) {
          const mine = await ask(ours.policy, path, input)
          expect(mine, `${path} ${JSON.stringify(input)}`).toBe(await ask(opa.origin, path, input))
        }
      }
    } finally {
      await opa.stop()
    }
  })

  it('may be a folder that opa sign has signed', async () => {
    const key = { id: author.keyId, algorithm: 'ES256', key: bytesOf(author.publicKeyFile).toString() } as const
    const options = { name: 'app', keys: [key], requiredEntrypoints: [], isPlatform: false }
    expect(await loadBundle(author.signFolder(9), options)).toMatchObject({ version: 9, revision: 'made-by-opa' })
  })

  it('is replaced by the next, of a higher version in --claims-file', async () => {
    renameSync(author.build(2), join(folder, 'app.tar.gz'))
    await until(() => inForce('2.50'), 'the next bundle is active')
  })

  it('is refused under an older version, and what was active serves on', async () => {
    renameSync(author.build(1), join(folder, 'app.tar.gz'))
    await until(async () => (await ours.status()).bundles.app?.code !== undefined, 'the old bundle is refused')
    expect((await ours.status()).bundles.app).toMatchObject({ code: 'older_version' })
    expect(await inForce('2.50')).toBe(true)
  })
})
