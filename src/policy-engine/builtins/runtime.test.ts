import { describe, expect, it } from 'vitest'
import { RegoObject, RegoSet } from '../wasm/value.ts'
import { PLACE_END, PLACED_TRACE, RUNTIME } from './runtime.ts'
import { testContext } from './test-context.ts'

describe('print, trace and opa.runtime', () => {
  it('prints a line for each combination of the operands, in order', () => {
    const context = testContext()
    const operands = [new RegoSet(['a', 'b']), new RegoSet([2, 1]), new RegoSet([[1, 'x']])]
    expect(RUNTIME['internal.print']?.(context, operands)).toBe(true)
    expect(context.lines).toEqual(['a 1 [1, "x"]', 'a 2 [1, "x"]', 'b 1 [1, "x"]', 'b 2 [1, "x"]'])
  })

  it('prints an undefined operand as such', () => {
    const context = testContext()
    RUNTIME['internal.print']?.(context, ['user', new RegoSet()])
    expect(context.lines).toEqual(['user <undefined>'])
  })

  it('takes the place off that our compile step put before the words', () => {
    const context = testContext()
    RUNTIME['internal.print']?.(context, [`a.rego:3${PLACE_END}`, new RegoSet(['x'])])
    RUNTIME['internal.print']?.(context, [new RegoSet([`a.rego:4${PLACE_END}`])])
    RUNTIME[PLACED_TRACE]?.(context, 'a.rego:5', 'here')
    expect(context.lines).toEqual(['a.rego:3: x', 'a.rego:4: ', 'a.rego:5: here'])
  })

  it('sends notes of trace to the log and answers true', () => {
    const context = testContext()
    expect(RUNTIME.trace?.(context, 'here')).toBe(true)
    expect(context.lines).toEqual(['here'])
    expect(() => RUNTIME.trace?.(context, 1)).toThrow('operand 1 must be string but got number')
  })

  it('answers what the host tells of itself, and no environment', () => {
    const runtime = RUNTIME['opa.runtime']?.(testContext())
    expect(runtime).toEqual(RegoObject.fromRecord({ version: '1.22.2' }))
  })
})
