import { describe, expect, it } from 'vitest'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import type { Random } from './random.ts'
import { URIS } from './uri.ts'

const call = (name: string, ...args: Value[]): Value | undefined => URIS[name]?.(testContext(), ...args)

describe('uri.* and urlquery.* as Go reads URLs', () => {
  it('keeps what WHATWG would change: backslashes, dots, upper-case hosts', () => {
    expect(call('uri.parse', 'http://EXAMPLE.com/a/../b\\c')).toEqual(
      RegoObject.fromRecord({
        scheme: 'http',
        hostname: 'EXAMPLE.com',
        path: '/a/../b\\c',
        raw_path: '/a/../b\\c',
      }),
    )
  })

  it('refuses two colons in the host of http alone', () => {
    expect(call('uri.is_valid', 'http://a:1:2/')).toBe(false)
    expect(call('uri.is_valid', 'postgres://a:1,b:2/')).toBe(true)
  })

  it('refuses more parameters than Go takes', () => {
    expect(() => call('urlquery.decode_object', 'a&'.repeat(10_000))).toThrow('exceeded limit')
  })

  compareWithOracle({
    family: 'uri and urlquery',
    make: makeCall,
    // Which byte of an address is wrong is told in other words.
    looseWords: (_, { err }) => err?.includes('invalid host: ParseAddr') === true,
  })
})

function makeCall(random: Random): Call {
  if (random.chance(40))
    return {
      name: random.pick('uri.parse', 'uri.is_valid', 'urlquery.encode', 'urlquery.decode'),
      args: [random.notText()],
    }
  const name = random.pick(
    'uri.parse',
    'uri.parse',
    'uri.is_valid',
    'urlquery.encode',
    'urlquery.decode',
    'urlquery.encode_object',
    'urlquery.decode_object',
  )
  if (name.startsWith('uri.')) return { name, args: [makeUrl(random)] }
  if (name === 'urlquery.encode_object') return { name, args: [makeParameters(random)] }
  return { name, args: [random.text(random.pick('ab=&+%41', 'a&=;é😀', 'a=&%e9%2B%', 'ab =&/?'), 14)] }
}

function makeUrl(random: Random): string {
  const percent = (): string => random.pick('%41', '%2F', '%e9', '%C3%A9', '%25', '%', '%zz', '%20', '%7e')
  const odd = (): string => (random.chance(4) ? percent() : random.text('aZ0-_.~!$&()*+,;=:@é"<>[] \\|^`{}', 2))
  const scheme = random.pick('http:', 'https:', 'HTTP:', 'ldap:', 'a+b-1.c:', 'mailto:', '', '', ':', '1a:', 'é:')
  const host = random.pick(
    'example.com',
    'a',
    '',
    `h${odd()}`,
    '[::1]',
    '[fe80::1%25en0]',
    '[1::2::3]',
    '[1.2.3.4]',
    '[::1',
    '127.0.0.1',
    'é.org',
    '[::ffff:1.2.3.4]',
    '[fe80::1%25]',
  )
  const port = random.pick('', '', ':80', ':', ':x', ':1:2')
  const user = random.chance(4) ? `${random.pick('u', 'u:p', 'u:p:q', odd(), '')}@` : ''
  const authority = random.chance(4) ? '' : `//${user}${host}${port}`
  const path = random.pick('', '/', '/a/b', `/a${odd()}/${odd()}`, `x${odd()}`, '//b', '*')
  const query = random.pick('', '', '?', `?a=${odd()}`, '?a?b')
  const fragment = random.pick('', '', '#', `#f${odd()}`)
  return scheme + authority + path + query + fragment
}

function makeParameters(random: Random): Value {
  if (random.chance(20)) return random.notText()
  const text = (): Value => (random.chance(25) ? 1 : random.text('ab +&=é😀~/', 4))
  const entry = (): [Value, Value] => [
    random.text('aé😀\uffee', 2),
    random.pick<Value>(text(), random.list(3, text), new RegoSet(random.list(3, text))),
  ]
  return new RegoObject(random.list(4, entry))
}
