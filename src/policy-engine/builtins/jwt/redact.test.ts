/** What the decision log holds of calls about tokens. */
import { describe, expect, it } from 'vitest'
import { readJson, writeJson } from '../../wasm/json-value.ts'
import type { Value } from '../../wasm/value.ts'
import { redactedTokenCall } from './redact.ts'

const redacted = (name: string, args: readonly unknown[], result: unknown) => {
  const asValue = (json: unknown): Value => readJson(JSON.stringify(json))
  const call = redactedTokenCall({ name, args: args.map(asValue), value: asValue(result) })
  return { args: JSON.parse(writeJson(call.args)), value: JSON.parse(writeJson(call.value as Value)) }
}

const DIGEST = expect.stringMatching(/^sha256:[\w-]{43}$/)

describe('a recorded call about a token', () => {
  it('holds neither the token nor the keys that it was verified by, and keeps tokens apart', () => {
    const constraints = { secret: 'hunter2', cert: 'hunter2', alg: 'HS256' }
    const one = redacted('io.jwt.decode_verify', ['a.b.c', constraints], [true, {}, { sub: 's' }])
    expect(one).toEqual({
      args: [DIGEST, { secret: '***', cert: '***', alg: 'HS256' }],
      value: [true, {}, { sub: 's' }],
    })
    expect(redacted('io.jwt.decode_verify', ['a.b.d', constraints], [false]).args[0]).not.toBe(one.args[0])
  })

  it.each([
    ['io.jwt.encode_sign', [{ alg: 'HS256' }, { sub: 's' }, { kty: 'oct', k: 'aHVudGVyMg' }]],
    ['io.jwt.encode_sign_raw', ['{"alg":"HS256"}', '{"sub":"s"}', '{"kty":"oct","k":"aHVudGVyMg"}']],
  ])('holds neither the key of %s nor what it signed', (name, args) => {
    expect(redacted(name, args, 'a.b.c')).toEqual({ args: [...args.slice(0, 2), '***'], value: DIGEST })
  })

  it('is left as it is where it is about something else', () => {
    expect(redacted('time.now_ns', [], 1)).toEqual({ args: [], value: 1 })
  })
})
