/** io.jwt.encode_sign and encode_sign_raw: a JWS in compact form, signed with the first key of a JSON Web Key (set). */
import type { Value } from '../../wasm/value.ts'
import { type Builtin, type BuiltinContext, BuiltinError, prefixed } from '../builtin.ts'
import { isJson, writeGoJson } from '../json/go-json.ts'
import { asString } from '../operands.ts'
import { type Jwk, parseJwks, privateKeyOf } from './jwk.ts'
import { ALGORITHMS, type SigningKey, signature } from './jws.ts'

export const encodeSign: Builtin = (context, header, payload, key) =>
  sign(context, writeGoJson(header ?? null), writeGoJson(payload ?? null), writeGoJson(key ?? null))

/** The key is looked at first. */
export const encodeSignRaw: Builtin = (context, header, payload, key) => {
  const keyText = asString(3, key)
  return sign(context, asString(1, header), asString(2, payload), keyText)
}

const PARSE_UNITS = 20_000

function sign(context: BuiltinContext, header: string, payload: string, keyText: string): Value {
  context.charge(PARSE_UNITS + 20 * keyText.length + 5 * (header.length + payload.length))
  const [jwk] = prefixed('jwk.Parse', () => parseJwks(keyText))
  if (jwk === undefined) throw new BuiltinError('no keys found in JWK set')
  const parameters = prefixed("missing or invalid 'alg' header", () => readHeader(header))
  const algorithm = ALGORITHMS.get(parameters.alg)
  if (algorithm === undefined) throw new BuiltinError(`unknown JWS algorithm: ${parameters.alg}`)
  if (parameters.isJwt && !isJson(payload)) throw new BuiltinError('type is JWT but payload is not JSON')
  const message = `${encode(header)}.${encode(payload)}`
  const signed = signature(context, algorithm, signingKey(jwk), Buffer.from(message))
  if (signed === undefined) throw new BuiltinError(`the key does not sign ${parameters.alg}`)
  return `${message}.${signed.toString('base64url')}`
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

/** A token without a `typ`, or with one that is no string, counts as a JWT. */
function readHeader(text: string): { readonly alg: string; readonly isJwt: boolean } {
  const header = parseHeader(text)
  if (!('alg' in header)) throw new BuiltinError('jwsbb: header "alg" not found')
  const { alg, typ } = header
  if (typeof alg !== 'string') throw new BuiltinError("value doesn't contain string")
  return { alg, isJwt: typeof typ !== 'string' || typ === 'JWT' }
}

function parseHeader(text: string): { readonly alg?: unknown; readonly typ?: unknown } {
  if (!isJson(text)) throw new BuiltinError('cannot parse JSON')
  const header: unknown = JSON.parse(text)
  return typeof header === 'object' && header !== null ? header : {}
}

function signingKey(jwk: Jwk): SigningKey {
  if (jwk.kty === 'oct') return { kind: 'secret', bytes: jwk.bytes.k ?? Buffer.alloc(0) }
  if (!jwk.isPrivate) throw new BuiltinError('the key is no private key')
  return { kind: 'key', key: privateKeyOf(jwk), isPrivate: true }
}
