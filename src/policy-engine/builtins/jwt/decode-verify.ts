/**
 * io.jwt.decode_verify: signature, then the constraints that the policy sets (RFC 7519 7.2). What is not met answers
 * `[false, {}, {}]`; what cannot be read is an error.
 */
import { compareNumbers, doubleOf, numberOf } from '../../wasm/number.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { asObject, asString } from '../operands.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { ALGORITHMS, type SigningKey, verifies } from './jws.ts'
import { type VerificationKey, verificationKeys } from './keys.ts'
import {
  decodeHeader,
  decodePart,
  type HeaderParameters,
  readClaims,
  readParameters,
  splitToken,
  type Token,
} from './token.ts'

interface Constraints {
  readonly keys: readonly VerificationKey[]
  readonly alg: string
  readonly iss: string
  readonly aud: string
  /** Seconds since the epoch, as a double, as OPA compares. */
  readonly now: Value
}

const UNVERIFIED: Value = [false, new RegoObject(), new RegoObject()]

export function decodeAndVerify(context: BuiltinContext, token: Value | undefined, operand: Value | undefined): Value {
  const constraints = readConstraints(context, asObject(2, operand))
  const verified = verifyNested(context, token, constraints)
  if (verified === undefined || !meetsClaims(verified.claims, constraints)) return UNVERIFIED
  return [true, verified.header, verified.claims]
}

const TEXTS = new Set(['secret', 'alg', 'iss', 'aud'])

function readConstraints(context: BuiltinContext, given: RegoObject): Constraints {
  const texts = new Map<string, string>()
  let certified: readonly VerificationKey[] | undefined
  let nowNs = Number(context.nowNs())
  for (const [name, value] of given) {
    if (name === 'cert') certified = certifiedKeys(context, value)
    else if (name === 'time') nowNs = readTime(value)
    else if (typeof name === 'string' && TEXTS.has(name)) texts.set(name, textConstraint(name, value))
    else throw new BuiltinError(`unknown token validation constraint: ${String(name)}`)
  }
  const text = (name: string): string => texts.get(name) ?? ''
  return {
    keys: trustedKeys(certified, text('secret')),
    alg: text('alg'),
    iss: text('iss'),
    aud: text('aud'),
    now: numberOf(String(nowNs / 1e9)),
  }
}

function certifiedKeys(context: BuiltinContext, value: Value): readonly VerificationKey[] {
  if (typeof value !== 'string') throw new BuiltinError('cert constraint: must be a string')
  return verificationKeys(context, value)
}

function textConstraint(name: string, value: Value): string {
  if (typeof value !== 'string') throw new BuiltinError(`${name} constraint: must be a string`)
  return value
}

function readTime(value: Value): number {
  if (!isNumber(value)) throw new BuiltinError('token time constraint: must be a number')
  const time = doubleOf(value)
  if (!Number.isFinite(time)) throw new BuiltinError('token time constraint: unvalid float64')
  if (time < 0) throw new BuiltinError('token time constraint: must not be negative')
  return time
}

function trustedKeys(certified: readonly VerificationKey[] | undefined, secret: string): readonly VerificationKey[] {
  if (certified !== undefined && secret !== '') throw new BuiltinError('duplicate key constraints')
  if (certified !== undefined) return certified
  if (secret === '') throw new BuiltinError('no key constraint')
  return [{ alg: '', kid: '', key: { kind: 'secret', bytes: Buffer.from(secret) } }]
}

interface Verified {
  readonly header: RegoObject
  readonly claims: RegoObject
}

/** Each token around another is verified by the same keys. Undefined where one is not. */
function verifyNested(
  context: BuiltinContext,
  outermost: Value | undefined,
  constraints: Constraints,
): Verified | undefined {
  for (let value = outermost; ; ) {
    asString(1, value)
    const token = splitToken(value)
    const header = decodeHeader(context, token)
    const parameters = readParameters(header)
    if (!isAcceptable(parameters, constraints)) return undefined
    if (!isSigned(context, token, parameters, constraints.keys)) return undefined
    const payload = decodeUtf8(decodePart('payload', token.payload))
    if (parameters.cty.toUpperCase() !== 'JWT') return { header, claims: readClaims(context, payload) }
    value = payload
  }
}

const isAcceptable = (parameters: HeaderParameters, { alg }: Constraints): boolean =>
  parameters.alg !== '' && !parameters.demandsUnknown && (alg === '' || alg === parameters.alg)

function isSigned(
  context: BuiltinContext,
  token: Token,
  { alg, kid }: HeaderParameters,
  keys: readonly VerificationKey[],
): boolean {
  const signature = decodeBase64Url(token.signature)
  // RFC 9864 names the curve in the algorithm.
  const algorithm = ALGORITHMS.get(alg === 'Ed25519' ? 'EdDSA' : alg)
  if (algorithm === undefined) return false
  const judge = (key: SigningKey | undefined): boolean =>
    key !== undefined &&
    verifies(context, algorithm, key, token.message, signature, { anySalt: false, anyLength: false })
  const named = kid === '' ? undefined : keys.find((key) => key.kid === kid)
  if (named !== undefined) return judge(named.key)
  return keys.some((key) => (key.alg === '' || key.alg === alg) && judge(key.key))
}

function meetsClaims(claims: RegoObject, constraints: Constraints): boolean {
  return (
    meetsIssuer(claims.get('iss'), constraints.iss) &&
    meetsAudience(claims.get('aud'), constraints.aud) &&
    meetsTimes(claims, constraints.now)
  )
}

function meetsIssuer(iss: Value | undefined, wanted: string): boolean {
  if (wanted === '' || iss === undefined) return wanted === ''
  if (typeof iss !== 'string') throw new BuiltinError('iss value must be a string')
  return iss === wanted
}

/** A token for somebody needs an `aud` constraint that names one of them (RFC 7519 4.1.3). */
function meetsAudience(aud: Value | undefined, wanted: string): boolean {
  if (aud === undefined) return wanted === ''
  return isArray(aud) ? aud.includes(wanted) : aud === wanted
}

function meetsTimes(claims: RegoObject, now: Value): boolean {
  const [exp, nbf] = [claims.get('exp'), claims.get('nbf')]
  if (exp !== undefined && compareClaim('exp', now, exp) >= 0) return false
  return nbf === undefined || compareClaim('nbf', now, nbf) >= 0
}

function compareClaim(name: string, now: Value, value: Value): number {
  if (!isNumber(value) || !isNumber(now)) throw new BuiltinError(`${name} value must be a number`)
  return compareNumbers(now, value)
}
