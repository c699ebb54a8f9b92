import { describe, expect, it } from 'vitest'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { NET } from './net.ts'

const call = (name: string, ...args: Value[]): Value | undefined => NET[name]?.(testContext(), ...args)

describe('net.cidr_*', () => {
  it('merges IPv6 blocks whose first byte is zero, where OPA panics', () => {
    expect(call('net.cidr_merge', ['::2:0/112', '::3:0/112'])).toEqual(new RegoSet(['::2:0/111']))
  })

  it('takes a lone IPv4 address for its class, as OPA does', () => {
    expect(call('net.cidr_merge', ['10.1.2.3'])).toEqual(new RegoSet(['10.1.2.3/8']))
  })

  it('pays for a block before it lists it', () => {
    const stop = new Error('out of fuel')
    const refuse = (units: number): void => {
      if (units > 1e9) throw stop
    }
    expect(() => NET['net.cidr_expand']?.({ ...testContext(), charge: refuse }, '::/0')).toThrow(stop)
  })

  compareWithOracle({ family: 'net', make: makeCall })
})

function makeCall(random: Random): Call {
  const name = random.pick(
    'net.cidr_is_valid',
    'net.cidr_expand',
    'net.cidr_merge',
    'net.cidr_merge',
    'net.cidr_contains_matches',
  )
  if (random.chance(40))
    return { name, args: name.endsWith('matches') ? [random.notText(), '1.2.3.4'] : [random.notText()] }
  if (name === 'net.cidr_is_valid')
    return { name, args: [random.chance(3) ? random.text('0123456789abcf:./%', 12) : makeBlock(random)] }
  if (name === 'net.cidr_expand') return { name, args: [makeSmallBlock(random)] }
  if (name === 'net.cidr_merge') {
    const list = random.list(
      6,
      (): Value => (random.chance(60) ? random.pick<Value>(1, 'x', '2001::1') : makeMergeable(random)),
    )
    return { name, args: [random.chance(2) ? list : new RegoSet(list)] }
  }
  return { name, args: [makeCandidates(random), makeCandidates(random)] }
}

const v4 = (random: Random): string =>
  `${random.pick('10', '192', '130', '0', '255')}.${random.pick(0, 1, 255)}.${random.between(0, 3)}.${random.pick(0, 1, 128, 255)}`
const v6 = (random: Random): string =>
  random.pick(
    `2001:db8:${random.between(0, 3).toString(16)}::`,
    `fe80::${random.pick('0', '1', 'ffff')}`,
    `ff00:0:0:1::${random.between(0, 9)}:0`,
  )

const makeBlock = (random: Random): string =>
  random.pick(
    `${v4(random)}/${random.between(0, 33)}`,
    `${v6(random)}/${random.between(0, 130)}`,
    `::ffff:${v4(random)}/${random.between(90, 129)}`,
    `${v6(random)}/0${random.between(0, 64)}`,
    `1:2::3:${v4(random)}/${random.between(90, 128)}`,
  )

function makeSmallBlock(random: Random): string {
  return random.pick(
    `${v4(random)}/${random.between(26, 33)}`,
    `${v6(random)}/${random.between(122, 129)}`,
    `::ffff:${v4(random)}/${random.between(123, 128)}`,
  )
}

/** Not what makes OPA panic or answer nonsense: IPv6 that begins with zeros, IPv4 in IPv6, ranges over both families. */
function makeMergeable(random: Random): string {
  return random.pick(
    v4(random),
    `${v4(random)}/${random.between(8, 32)}`,
    `${v6(random)}/${random.between(9, 128)}`,
    `2001:db8::/${random.between(46, 50)}`,
  )
}

function makeCandidates(random: Random): Value {
  const one = (): Value =>
    random.pick(makeBlock(random), v4(random), v6(random), `${v4(random)}/16`, `2001:db8::/${random.between(8, 64)}`)
  const member = (): Value =>
    random.chance(60) ? random.pick<Value>(1, [], [1], 'x') : random.chance(4) ? [one(), 'note'] : one()
  return random.pick<Value>(
    one(),
    random.list(3, member),
    new RegoSet(random.list(3, member)),
    new RegoObject(random.list(3, (): [Value, Value] => [random.between(0, 9), member()])),
  )
}
