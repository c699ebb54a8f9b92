import { describe, expect, it } from 'vitest'
import { RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { STRINGS } from './strings.ts'

const call = (name: string, ...args: Value[]): Value | undefined => STRINGS[name]?.(testContext(), ...args)

describe('strings.* and indexof_n', () => {
  it('counts positions in code points, whatever their plane', () => {
    expect(call('indexof_n', '😀é😀\u0301😀', '😀')).toEqual([0, 2, 4])
    expect(call('strings.count', '😀é', '')).toBe(3)
    expect(call('strings.split_n', '😀éx', '', 2)).toEqual(['😀', 'é'])
  })

  it('finds overlapping occurrences', () => {
    expect(call('indexof_n', 'aaaa', 'aa')).toEqual([0, 1, 2])
    expect(call('strings.count', 'aaaa', 'aa')).toBe(2)
  })

  it('takes 2.0 as an integer and 2e0 as none', () => {
    expect(call('strings.split_n', 'a.b.c', '.', 2)).toEqual(['a', 'b'])
    expect(() => call('strings.split_n', 'a.b.c', '.', 1.5)).toThrow('operand 3 must be integer number')
  })

  it('pays for many overlapping matches', () => {
    const context = testContext()
    STRINGS.indexof_n?.(context, 'a'.repeat(2000), 'a'.repeat(1000))
    expect(context.charged).toBeGreaterThan(100_000)
  })

  compareWithOracle({ family: 'strings', make: makeCall })
})

const TEXT = 'aab./é😀'

function makeCall(random: Random): Call {
  const text = (): Value => (random.chance(20) ? random.notText() : random.text(TEXT, 8))
  const short = (): Value => (random.chance(20) ? random.notText() : random.text(TEXT, 2))
  const many = (): Value => {
    if (random.chance(3)) return text()
    const list = random.list(4, () => (random.chance(30) ? random.notText() : random.text(TEXT, 4)))
    return random.chance(2) ? list : new RegoSet(list)
  }
  const name = random.pick(
    'indexof_n',
    'strings.count',
    'strings.split_n',
    'strings.any_prefix_match',
    'strings.any_suffix_match',
  )
  if (name === 'strings.split_n')
    return { name, args: [text(), short(), random.pick<Value>(-3, -1, 0, 1, 2, 9, 1.5, 'x')] }
  if (name.startsWith('strings.any_')) return { name, args: [many(), many()] }
  return { name, args: [text(), short()] }
}
