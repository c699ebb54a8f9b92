import { describe, expect, it } from 'vitest'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { DIGESTS } from './digests.ts'
import type { Random } from './random.ts'

describe('crypto.md5, sha1, sha256, crypto.hmac.*', () => {
  it('pays by the length of the text', () => {
    const context = testContext()
    DIGESTS['crypto.sha256']?.(context, 'a'.repeat(1_000_000))
    expect(context.charged).toBeGreaterThan(100_000)
  })

  compareWithOracle({ family: 'digests', make: makeCall })
})

function makeCall(random: Random): Call {
  const text = () => random.pick(random.text('abc é😀€\u0000"\n', 80), random.text('ab', 2))
  const name = random.pick('md5', 'sha1', 'sha256', 'hmac.md5', 'hmac.sha1', 'hmac.sha256', 'hmac.sha512', 'hmac.equal')
  const first = random.chance(20) ? random.notText() : text()
  const rest = name.startsWith('hmac') ? [random.chance(20) ? random.notText() : text()] : []
  return { name: `crypto.${name}`, args: [first, ...rest] }
}
