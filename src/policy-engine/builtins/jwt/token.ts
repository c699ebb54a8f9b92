/** A JWS in compact form (RFC 7515 7.1), taken apart as OPA does; nothing is verified here. */
import { isArray, isObject, type RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, prefixed } from '../builtin.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { readGoJson } from '../json/go-json.ts'
import { asString } from '../operands.ts'
import { decodeUtf8 } from '../text/go-text.ts'

export interface Token {
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** What is signed. */
  readonly message: Buffer
}

export function splitToken(value: Value | undefined): Token {
  const text = asString(1, value)
  const parts = text.split('.')
  if (parts.length === 1) throw new BuiltinError('encoded JWT had no period separators')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new BuiltinError(`encoded JWT must have 3 sections, found ${parts.length}`)
  }
  return { header, payload, signature, message: Buffer.from(`${header}.${payload}`) }
}

export function decodePart(part: 'header' | 'payload' | 'signature', text: string): Buffer {
  return prefixed(`JWT ${part} had invalid encoding`, () => decodeBase64Url(text))
}

export function decodeHeader(context: BuiltinContext, token: Token): RegoObject {
  const text = decodeUtf8(decodePart('header', token.header))
  const header = prefixed('bad JWT header', () => readClaims(context, text))
  if (header.has('enc')) throw new BuiltinError('JWT is a JWE object, which is not supported')
  return header
}

/** Of a claim given twice the last counts (RFC 7519 4). */
export function readClaims(context: BuiltinContext, text: string): RegoObject {
  const value = prefixed('invalid JSON', () => readGoJson(context, text))
  if (!isObject(value)) throw new BuiltinError('decoded JSON type was not an Object')
  return value
}

/** The parameters of a header that verification heeds. */
export interface HeaderParameters {
  readonly alg: string
  readonly kid: string
  readonly cty: string
  /** It demands, by `crit`, what is not understood (RFC 7515 4.1.11). */
  readonly demandsUnknown: boolean
}

const TEXT_PARAMETERS = new Set(['alg', 'kid', 'typ', 'cty'])

export function readParameters(header: RegoObject): HeaderParameters {
  const texts = new Map<Value, string>()
  let critical: ReadonlySet<Value> = new Set()
  for (const [name, value] of header) {
    if (name === 'crit') critical = readCritical(value)
    else if (typeof name === 'string' && TEXT_PARAMETERS.has(name)) {
      if (typeof value !== 'string') throw new BuiltinError(`${name}: must be a string`)
      texts.set(name, value)
    }
  }
  const demandsUnknown = header
    .keys()
    .some((name) => name !== 'crit' && !TEXT_PARAMETERS.has(String(name)) && critical.has(name))
  const text = (name: string): string => texts.get(name) ?? ''
  return { alg: text('alg'), kid: text('kid'), cty: text('cty'), demandsUnknown }
}

/** As OPA reads it, up to the first name that is no string. */
function readCritical(value: Value): ReadonlySet<Value> {
  if (!isArray(value)) throw new BuiltinError('crit: must be a list')
  const end = value.findIndex((name) => typeof name !== 'string')
  const names = new Set(end < 0 ? value : value.slice(0, end))
  if (names.size === 0) throw new BuiltinError('crit: must be a nonempty list')
  return names
}
