/** `test.sleep`, which only OPA's own tests have: it waits, in truth, so that a case sees time pass. */
import type { Builtin } from '../../../src/policy-engine/builtins/builtin.ts'
import { asString } from '../../../src/policy-engine/builtins/operands.ts'
import { parseDuration } from '../../../src/policy-engine/builtins/time/duration.ts'

const nothing = new Int32Array(new SharedArrayBuffer(4))

export const sleep: Builtin = (_, duration) => {
  Atomics.wait(nothing, 0, 0, Number(parseDuration(asString(1, duration)) / 1_000_000n))
  return null
}
