import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { SPRINTF } from './sprintf.ts'

const sprintf = (format: string, ...args: Value[]): Value | undefined => SPRINTF.sprintf?.(testContext(), format, args)

describe('sprintf as Go prints', () => {
  it.each<[string, Value[], string]>([
    ['%05.2f|%x|%q|%-5s|%t', [Math.PI, 'hi', 'a"b', 'x', true], '03.14|6869|"a\\"b"|x    |%!t(string=true)'],
    ['%v %v', [new RegoSet([2, 1]), RegoObject.fromRecord({ b: 'é', a: null })], '{1, 2} {"a": null, "b": "é"}'],
    ['%[2]d %[1]d %d', [1, 2], '2 1 2'],
    ['%*d|%-*d|', [5, 42, 4, 7], '   42|7   |'],
    ['%.3s|%.10s', ['日本語文', '日本'], '日本語|日本'],
    ['%d%%', [50], '50%'],
    ['%5', [], '%!(NOVERB)'],
    ['%d %s', [1], '1 %!s(MISSING)'],
    ['x', [1, 'a'], 'x%!(EXTRA int64=1, string=a)'],
    ['%v', [numberOf('1e6')], '1e+06'],
  ])('%s', (format, args, text) => {
    expect(sprintf(format, ...args)).toBe(text)
  })

  it('pays for width and precision', () => {
    const context = testContext()
    SPRINTF.sprintf?.(context, '%999999d%.999999f', [1, 1.5])
    expect(context.charged).toBeGreaterThan(1_900_000)
  })

  compareWithOracle({ family: 'sprintf', make: makeCall, count: 20_000 })
})

function makeCall(random: Random): Call {
  if (random.chance(100)) return { name: 'sprintf', args: [random.notText(), []] }
  const args = random.list(4, () => makeArgument(random))
  const format = Array.from({ length: random.between(1, 4) }, () => makeDirective(random)).join(
    random.pick('', ' ', 'é%%'),
  )
  return { name: 'sprintf', args: [format, args] }
}

function makeDirective(random: Random): string {
  const flags = random.text('+-# 0', 3)
  const index = random.chance(12) ? random.pick('[1]', '[2]', '[3]', '[0]', '[x]', '[', '[]', '[99]') : ''
  const width = random.pick('', '', String(random.between(0, 30)), random.chance(3) ? '*' : '')
  const precision = random.pick('', '', `.${random.between(0, 24)}`, '.', random.chance(3) ? '.*' : '')
  // %p of a big integer is an address in OPA's memory.
  const verb = random.pick('v', 'd', 's', 'f', 'e', 'g', 'x', 'X', 'q', random.text('vdsfFeEgGxXbcoOqtUTwé!', 1))
  const late = random.chance(20) ? random.pick('[1]', '[2]', '[') : ''
  return `%${flags}${index}${width}${precision}${late}${verb}`
}

function makeArgument(random: Random): Value {
  const sign = random.pick('', '-')
  switch (random.below(8)) {
    case 0:
      return random.text('ab"`\\\n\té😀\u200b€', 8)
    case 1:
      return random.pick<Value>(
        true,
        null,
        [1, 'a', [numberOf('1.50')]],
        new RegoSet([3, 1, 'z']),
        RegoObject.fromRecord({ k: 'v"' }),
      )
    case 2:
      // Not as long as code points are: Go's tables of what prints are some Unicode versions older than Node's.
      return numberOf(sign + random.digits(22) + random.digits(1).repeat(8))
    case 3:
      return numberOf(`${sign}${random.between(0, 99)}.${random.text('0123456789', 5)}${random.pick('0', '5')}`)
    case 4:
      return numberOf(`${sign}${random.digits(3)}.${random.digits(12)}e${random.between(-320, 308)}`)
    case 5:
      return numberOf(
        random.pick(
          '0',
          '0.0',
          '-0.0',
          '0.5',
          '1.5',
          '2.5',
          '1e21',
          '1e20',
          '123456789.0',
          '5e-324',
          '1e400',
          '65',
          '128512',
          '55296',
          '1114112',
        ),
      )
    default:
      return random.between(-3, 300)
  }
}
