/** Canonical JSON against OPA's own hasher: SHA-256 of the canonical text, by `opa sign` 1.22.2. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalize, canonicalText } from './canonical.ts'

const text = (document: string) => canonicalize(Buffer.from(document))
const hash = (document: string) => createHash('sha256').update(text(document)).digest('hex')

describe('canonical JSON (OPA, Signing)', () => {
  it.each([
    ['keeps number text', '{"b":1,"a":1.0}', 'e88f180ac489', '5a87'],
    ['keeps exponents', '{"a":1e3}', '16998f8886f1', 'f5b2'],
    ['keeps digits beyond a double', '{"a":12345678901234567890}', 'e58c824aea42', '02a6'],
    ['sorts keys by UTF-8 bytes', '{"😀":1,"\uffee":2}', '4a18db7ce7ac', '888e'],
    ['escapes as Go does', '{"a":"<>&\\u2028\\u007f\\b\\f"}', '8b0496598f00', 'fbf4'],
    ['writes the empty object', ' { } ', '44136fa355b3', 'aff8a'],
  ])('%s', (_title, document, start, end) => {
    expect(hash(document)).toMatch(new RegExp(`^${start}.*${end}$`))
  })

  it('unescapes the solidus and replaces lone surrogates', () => {
    expect(text('{"a":"\\/","b":"\\ud800"}')).toBe('{"a":"/","b":"\ufffd"}')
  })

  it.each(['', '{', '{"a":1} x', '\ufeff{}', '[1,]'])('refuses %j', (document) => {
    expect(() => text(document)).toThrow()
  })

  it('refuses invalid UTF-8', () => {
    expect(() => canonicalize(Buffer.from([0x22, 0xff, 0x22]))).toThrow()
  })

  it('gives equal text to equal values in memory, whatever the order of their keys', () => {
    expect(canonicalText({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}')
    expect(canonicalText({ a: undefined })).toBe('{}')
  })
})
