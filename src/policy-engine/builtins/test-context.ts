/** A decision's context for tests of built-ins: a fixed time, counted fuel, lines kept. */
import { RegoObject } from '../wasm/value.ts'
import type { BuiltinContext } from './builtin.ts'

export interface TestContext extends BuiltinContext {
  readonly lines: string[]
  /** Units charged so far. */
  readonly charged: number
}

export function testContext(nowNs = 1_700_000_000_000_000_000n): TestContext {
  const lines: string[] = []
  let charged = 0
  let next = 0
  return {
    nowNs: () => nowNs,
    random: (length) => Uint8Array.from({ length }, () => (next = (next * 73 + 41) % 256)),
    cache: new Map(),
    charge: (units) => {
      charged += units
    },
    print: ({ text, place }) => lines.push(place === undefined ? text : `${place}: ${text}`),
    runtime: RegoObject.fromRecord({ version: '1.22.2' }),
    lines,
    get charged() {
      return charged
    },
  }
}
