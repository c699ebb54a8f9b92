/** The deprecated cast_* against OPA's Go built-ins. */
import { describe } from 'vitest'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'

const MAKERS: readonly ((random: Random) => Value)[] = [
  () => null,
  (random) => random.below(2) === 0,
  (random) => random.below(1000),
  (random) => `text ${random.below(50)}`,
  (random) => Array.from({ length: random.below(4) }, () => random.below(9)),
  (random) => new RegoSet(Array.from({ length: random.below(4) }, () => random.below(9))),
  (random) => RegoObject.fromRecord({ a: random.below(9) }),
]
const KINDS = ['null', 'boolean', 'string', 'array', 'set', 'object'] as const
/** Of a value that the cast of that kind takes. */
const FITTING: readonly number[] = [0, 1, 3, 4, 5, 6]

function makeCall(random: Random): Call {
  const kind = random.below(KINDS.length)
  const maker = random.below(3) === 0 ? random.below(MAKERS.length) : (FITTING[kind] ?? 0)
  return { name: `cast_${KINDS[kind]}`, args: [MAKERS[maker]?.(random) ?? null] }
}

describe('cast_*', () => {
  compareWithOracle({ family: 'casts', make: makeCall })
})
