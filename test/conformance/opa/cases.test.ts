/** All of OPA's own cases, as `make conformance-opa` runs them: a case that fails and is not expected to fails this too. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Builtin } from '../../../src/policy-engine/builtins/builtin.ts'
import { BUILTINS } from '../../../src/policy-engine/builtins/table.ts'
import { newDecision } from '../../../src/policy-engine/wasm/decision.ts'
import { CASES_TABLE, countedTable } from './counted.ts'
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
    const closing = lines.slice(-5)
    console.log(closing.join('\n'))
    const [counts, , v0 = '', v1 = '', others] = closing
    expect(counts).toMatch(
      /^0 failures that are not expected, [1-9]\d* calls of host built-ins, [1-9]\d* of test\.sleep$/,
    )
    expect(v0).toMatch(/^v0 \d+\/2027$/)
    expect(v1).toMatch(/^v1 \d+\/2400$/)
    expect(Number(v1.slice(3, -5))).toBeGreaterThanOrEqual(2200)
    expect(others).toBe('0 calls answered by anything but our own built-ins')
  })

  it('are counted by whose function answers: under another name, or another function, it is not the own one', () => {
    const answer: Builtin = () => true
    const sha256 = BUILTINS.get('crypto.sha256') ?? answer
    const table = new Map([
      ...CASES_TABLE,
      ['crypto.md5', answer],
      ['crypto.sha256', sha256],
      ['hex.encode_all', sha256],
    ])
    const { builtins, calls } = countedTable(table)
    const call = (name: string, operand: string) => builtins.get(name)?.(newDecision({}, {}, () => {}).context, operand)
    call('crypto.sha256', 'a')
    expect(calls).toEqual({ own: 1, sleep: 0, other: 0 })
    call('test.sleep', '1ns')
    call('crypto.md5', 'a')
    call('hex.encode_all', 'a')
    expect(calls).toEqual({ own: 1, sleep: 1, other: 2 })
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
