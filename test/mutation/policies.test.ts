/** Every condition of every rule is needed: without any one of them, some case fails. SCALE < 1 tries a fixed share. */
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPOSITORY } from '../../scripts/build/compiler.ts'
import type { Mutant } from './mutants.ts'
import { openPolicySuite, type PolicySuite } from './policy-suite.ts'

const SCALE = Number(process.env.SCALE ?? '1')
const CONCURRENCY = 2

let suite: PolicySuite

beforeAll(async () => {
  suite = await openPolicySuite(REPOSITORY)
})
afterAll(() => suite.close())

/** The same ones each time. */
const chosen = ({ at }: Mutant): boolean =>
  createHash('sha256').update(at).digest().readUInt32BE() < Math.max(SCALE, 0.01) * 2 ** 32

/** Those that no case notices, as `file:row:column what`. */
async function survivors(of: PolicySuite, file: string, mutants: readonly Mutant[]): Promise<string[]> {
  const queue = [...mutants]
  const found: string[] = []
  const work = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const fate = await of.fateOf(file, mutant.source)
      if (fate === 'survived') found.push(`${mutant.at} ${mutant.removed}`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return found.sort()
}

describe('the suite notices', () => {
  it('nothing about unchanged policies', async () => {
    for (const file of suite.files) expect(await suite.fateOf(file, await suite.read(file)), file).toBe('survived')
  })

  it('a condition that no case needs', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sallyport-planted-'))
    for (const folder of ['policies', 'policy-tests']) {
      await cp(join(REPOSITORY, folder), join(root, folder), { recursive: true })
    }
    const file = 'policies/authz/revoke.rego'
    const source = await readFile(join(root, file), 'utf8')
    const planted = source.replace('allow if {\n', 'allow if {\n\tinput.request.time.weekday < 8\n')
    await writeFile(join(root, file), planted)
    const copy = await openPolicySuite(root)
    try {
      expect(await survivors(copy, file, await copy.mutants(file))).toEqual([
        expect.stringContaining('input.request.time.weekday < 8'),
      ])
    } finally {
      await copy.close()
      await rm(root, { recursive: true })
    }
  })
})

describe('no condition can go without a case that fails', () => {
  it('in any file', { timeout: 40 * 60_000 }, async () => {
    let tried = 0
    const found: string[] = []
    for (const file of suite.files) {
      const mutants = (await suite.mutants(file)).filter(chosen)
      tried += mutants.length
      found.push(...(await survivors(suite, file, mutants)))
    }
    expect(tried).toBeGreaterThan(0)
    expect(found).toEqual([])
  })
})
