/** All of OPA's own cases, as `make conformance-opa` runs them: a case that fails and is not expected to fails this too. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUILTINS } from '../../../src/policy-engine/builtins/table.ts'
import { ENGINE, isExpected, LEFT_OUT } from './expected.ts'

interface Outcome {
  readonly code: number
  readonly lines: readonly string[]
}

const run = (): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'run.ts')], (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, lines: `${stderr}${stdout}`.trimEnd().split('\n') })
    })
  })

describe("OPA's own test cases, compiled by its Go module, on our host", () => {
  it('pass, but for those of built-ins that are left out and of the engine itself', { timeout: 600_000 }, async () => {
    const { code, lines } = await run()
    expect(code, lines.join('\n')).toBe(0)
    const [v0 = '', v1 = '', others] = lines.slice(-3)
    expect(v0).toMatch(/^v0 \d+\/2027$/)
    expect(v1).toMatch(/^v1 \d+\/2400$/)
    expect(Number(v1.slice(3, -5))).toBeGreaterThanOrEqual(2200)
    expect(others).toBe('0 calls answered by anything but our own built-ins')
  })

  it('may lack only what no table has', () => {
    const present = [...BUILTINS.keys()].filter((name) => LEFT_OUT.some((left) => name.startsWith(left)))
    expect(present).toEqual([])
  })

  it("are excused by name, and no more than the engine's own five", () => {
    expect(ENGINE.length).toBeLessThanOrEqual(5)
    expect(isExpected('data/nested integer', 'wanted 1, got 2')).toBe(true)
    expect(isExpected('data/other', 'wanted 1, got 2')).toBe(false)
    expect(isExpected('any', 'the policy needs built-ins that this service lacks: graphql.parse, hex.encode')).toBe(
      false,
    )
    expect(isExpected('any', 'the policy needs built-ins that this service lacks: graphql.parse')).toBe(true)
  })
})
