import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { writeGoJson } from '../json/go-json.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { JWT } from './jwt.ts'

const call = (name: string, ...args: Value[]): Value | undefined => JWT[`io.jwt.${name}`]?.(testContext(), ...args)
const record = (members: Record<string, Value>): RegoObject => RegoObject.fromRecord(members)

const PAIRS: Readonly<Record<string, KeyObject>> = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  P256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  P384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  P521: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  ED: generateKeyPairSync('ed25519').privateKey,
  SMALL: generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey,
}
const SECRET = 'c2VjcmV0LXNlY3JldA'

const privateJwk = (name: string): Record<string, Value> =>
  name === 'oct' ? { kty: 'oct', k: SECRET } : ({ ...PAIRS[name]?.export({ format: 'jwk' }) } as Record<string, Value>)

function publicJwk(name: string): Record<string, Value> {
  const { d, p, q, dp, dq, qi, ...members } = privateJwk(name)
  return members
}

const pem = (name: string): string =>
  String(createPublicKey(PAIRS[name] as KeyObject).export({ type: 'spki', format: 'pem' }))

const KEY_OF: Readonly<Record<string, string>> = { HS: 'oct', RS: 'RSA', PS: 'RSA', Ed: 'ED' }
const keyFor = (alg: string): string =>
  KEY_OF[alg.slice(0, 2)] ?? { '256': 'P256', '384': 'P384' }[alg.slice(2)] ?? 'P521'

const ALGS = ['HS', 'RS', 'PS', 'ES']
  .flatMap((family) => ['256', '384', '512'].map((size) => family + size))
  .concat('EdDSA')

const signed = (alg: string, claims: Value = record({}), more: Record<string, Value> = {}): string =>
  String(call('encode_sign', record({ alg, ...more }), claims, record(privateJwk(keyFor(alg)))))

describe('io.jwt.* (RFC 7515, 7518, 7519)', () => {
  it.each(ALGS)('verifies what it signed with %s, and no changed token (RFC 7515 5.2)', (alg) => {
    const token = signed(alg, record({ sub: 'a' }))
    const key = alg.startsWith('HS') ? 'secret-secret' : writeGoJson(record(publicJwk(keyFor(alg))))
    const name = `verify_${alg.toLowerCase()}`
    expect(call(name, token, key)).toBe(true)
    const [header, , signature] = token.split('.')
    expect(call(name, `${header}.e30.${signature}`, key)).toBe(false)
  })

  it('never takes a public key for the secret of an HMAC (RFC 8725 3.1)', () => {
    const forged = call(
      'encode_sign',
      record({ alg: 'HS256' }),
      record({}),
      record({ kty: 'oct', k: Buffer.from(pem('RSA')).toString('base64url') }),
    )
    expect(writeTerm(call('decode_verify', forged ?? null, record({ cert: pem('RSA') })) ?? null)).toBe(
      '[false, {}, {}]',
    )
  })

  it('signs no HMAC with the bytes of a private key, which OPA does for Ed25519 (RFC 8725 3.1)', () => {
    expect(() => call('encode_sign', record({ alg: 'HS256' }), record({}), record(privateJwk('ED')))).toThrow(
      'does not sign',
    )
  })

  it('refuses `none`, whatever the key (RFC 8725 2.1)', () => {
    const token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`
    const answer = call('decode_verify', token, record({ secret: 'x' }))
    expect(writeTerm(answer ?? null)).toBe('[false, {}, {}]')
  })

  it('refuses RSA keys under 1,024 bits, to sign and to verify', () => {
    expect(() => call('encode_sign', record({ alg: 'RS256' }), record({}), record(privateJwk('SMALL')))).toThrow(
      'does not sign',
    )
  })

  it('signs with a private key that leaves out what can be computed (RFC 7518 6.3.2)', () => {
    const { dp, dq, qi, ...key } = privateJwk('RSA')
    const token = call('encode_sign', record({ alg: 'RS256' }), record({}), record(key))
    expect(token).toBe(signed('RS256'))
  })

  it('is at `exp` expired and at `nbf` valid (RFC 7519 4.1.4, 4.1.5)', () => {
    const answer = (claims: Record<string, Value>): Value | undefined => {
      const verified = call('decode_verify', signed('HS256', record(claims)), record({ secret: 'secret-secret' }))
      return Array.isArray(verified) ? verified[0] : verified
    }
    expect(answer({ exp: 1_700_000_000 })).toBe(false)
    expect(answer({ exp: numberOf('1700000000.5') })).toBe(true)
    expect(answer({ nbf: 1_700_000_000 })).toBe(true)
    expect(answer({ nbf: 1_700_000_001 })).toBe(false)
    expect(() => answer({ exp: 'soon' })).toThrow('exp value must be a number')
  })

  it('pays for signatures before it works on them', () => {
    const context = testContext()
    JWT['io.jwt.verify_es256']?.(context, signed('ES256'), pem('P256'))
    expect(context.charged).toBeGreaterThan(40_000)
  })

  compareWithOracle({
    family: 'io.jwt',
    make: makeCall,
    count: 2500,
    looseWords: () => true,
    ignore: ({ name, args }) =>
      name.startsWith('io.jwt.encode_sign') &&
      /HS\d/.test(writeTerm(args[0] ?? null)) &&
      /OKP/.test(writeTerm(args[2] ?? null)),
  })
})

const CERTIFICATES = readFileSync(new URL('../../../../test/vectors/opa-builtins.ndjson', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('io.jwt.verify'))
  .map((line) => JSON.parse((JSON.parse(line) as { args: string[] }).args[1] ?? '""') as string)

/** Tokens and keys that mostly fit. */
function makeCall(random: Random): Call {
  const alg = random.pick('HS256', ...ALGS)
  const token = makeToken(random, alg)
  const kind = random.below(10)
  if (kind === 0) return makeSigning(random)
  if (kind < 3) return { name: 'io.jwt.decode', args: [random.chance(20) ? random.notText() : token] }
  if (kind < 6) {
    const name = random.chance(8) ? random.pick('HS256', ...ALGS) : alg
    const key = alg.startsWith('HS') ? random.pick('secret-secret', 'secret-secret', 'other') : makeKeyText(random, alg)
    return { name: `io.jwt.verify_${name.toLowerCase()}`, args: [token, random.chance(30) ? 1 : key] }
  }
  return { name: 'io.jwt.decode_verify', args: [token, makeConstraints(random, alg)] }
}

function makeToken(random: Random, alg: string): string {
  const claims = new Map<string, Value>()
  const time = (): Value =>
    random.pick<Value>(
      1_700_000_000,
      1_699_999_999,
      1_700_000_001,
      numberOf('1700000000.0'),
      numberOf('17e8'),
      numberOf('1e300'),
    )
  if (random.chance(3)) claims.set('iss', random.pick('a', 'b', ''))
  if (random.chance(3)) claims.set('aud', random.pick<Value>('a', 'b', '', ['a', 'b'], [], 5, ['c', 1]))
  if (random.chance(3)) claims.set('exp', random.chance(9) ? 'x' : time())
  if (random.chance(3)) claims.set('nbf', random.chance(9) ? null : time())
  const header: Record<string, Value> = {}
  if (random.chance(3)) header.kid = random.pick<Value>('one', 'two', 'none', 5)
  if (random.chance(12)) header.crit = random.pick<Value>(['x'], ['alg'], ['y', 1], [], 'x')
  if (random.chance(6)) header.x = 1
  if (random.chance(15)) header.typ = random.pick<Value>('JWT', 'at+jwt', 5)
  if (random.chance(50)) header.enc = 'A128GCM'
  const token = signed(alg, new RegoObject(claims), header)
  return random.chance(6) ? damaged(random, random.chance(2) ? nested(random, alg, token) : token) : token
}

function nested(random: Random, alg: string, token: string): string {
  const header = record({ alg, cty: random.pick('JWT', 'jwt', 'text'), typ: 'x' })
  const args = [writeGoJson(header), random.pick(token, `"${token}"`), writeGoJson(record(privateJwk(keyFor(alg))))]
  return String(call('encode_sign_raw', ...args))
}

function damaged(random: Random, token: string): string {
  const at = random.below(token.length)
  return random.pick(
    token,
    token,
    token.slice(0, at) + random.pick('A', '=', '.', '*', '') + token.slice(at + 1),
    `${token}=`,
    `${token}A`,
    token.replaceAll('.', ''),
  )
}

function makeKeyText(random: Random, alg: string): string {
  const name = random.chance(10) ? random.pick('RSA', 'P256', 'P384', 'ED') : keyFor(alg)
  const one = (): Record<string, Value> => {
    const key: Record<string, Value> = { ...(random.chance(9) ? privateJwk(name) : publicJwk(name)) }
    if (random.chance(3)) key.kid = random.pick<Value>('one', 'two', 'three')
    if (random.chance(3)) key.alg = random.pick<Value>(alg, alg, 'RS256', 'ES256', 'RSA-OAEP', 'ECDH-ES')
    if (random.chance(60))
      key[random.pick('kty', 'n', 'x', 'crv', 'alg', 'kid', 'd')] = random.pick<Value>('', 'x', 1, null)
    return key
  }
  if (name === 'oct') return writeGoJson(record(one()))
  const text = pem(name)
  return random.pick(
    writeGoJson(record(one())),
    writeGoJson(
      record({
        keys: random.list(3, () =>
          record(random.chance(4) ? publicJwk(random.pick('RSA', 'P256', 'ED', 'oct')) : one()),
        ),
      }),
    ),
    text,
    text,
    random.pick(
      `x\n${text}`,
      `${text}\n`,
      text.trimEnd(),
      text.replaceAll('\n', '\r\n'),
      text.replaceAll('PUBLIC', 'PRIVATE'),
    ),
    random.pick(CERTIFICATES[0] ?? '', ...CERTIFICATES),
  )
}

function makeConstraints(random: Random, alg: string): Value {
  const made = new Map<Value, Value>()
  if (alg.startsWith('HS') && !random.chance(8)) made.set('secret', random.chance(9) ? 'x' : 'secret-secret')
  else made.set('cert', random.chance(30) ? 1 : makeKeyText(random, alg))
  if (random.chance(4)) made.set('alg', random.chance(4) ? 'HS512' : alg)
  if (random.chance(4)) made.set('iss', random.pick<Value>('a', 'a', 'b', '', 1))
  if (random.chance(2)) made.set('aud', random.pick<Value>('a', 'a', 'b', ''))
  if (random.chance(4)) {
    made.set(
      'time',
      random.pick<Value>(numberOf('1700000000000000000'), 0, -1, numberOf('1.7e18'), numberOf('1e400'), 'x'),
    )
  }
  if (random.chance(40)) made.set(random.pick<Value>('other', 'secret'), 'x')
  return random.chance(40) ? 'x' : new RegoObject(made)
}

/** Only what signs the same each time. */
function makeSigning(random: Random): Call {
  const alg = random.pick('HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'EdDSA', 'EdDSA')
  const header: Record<string, Value> = { alg: random.chance(12) ? random.pick<Value>('none', 1, '') : alg }
  if (random.chance(3)) header.typ = random.pick<Value>('JWT', 'text', 1)
  const key: Record<string, Value> = { ...privateJwk(random.chance(9) ? random.pick('RSA', 'ED', 'oct') : keyFor(alg)) }
  if (random.chance(9))
    key[random.pick('kty', 'd', 'k', 'alg', 'use', 'kid', 'key_ops', 'x5t')] = random.pick<Value>(
      'AQAB',
      'x',
      1,
      null,
      [],
    )
  if (random.chance(5)) delete key[random.pick('d', 'p', 'q', 'dp', 'kty', 'k', 'x')]
  const keys = random.chance(4) ? record({ keys: [record(key), record(publicJwk('P256'))] }) : record(key)
  const payload = random.pick<Value>(record({ a: '<é>', b: numberOf('1.50') }), 'text', [1], null)
  if (random.chance(2)) return { name: 'io.jwt.encode_sign', args: [record(header), payload, keys] }
  const text = random.chance(4) ? random.pick('not json', '', '{}x') : writeGoJson(payload)
  return { name: 'io.jwt.encode_sign_raw', args: [writeGoJson(record(header)), text, writeGoJson(keys)] }
}
