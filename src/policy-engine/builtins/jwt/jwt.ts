/** io.jwt.* (RFC 7519, 7515): tokens decoded, verified and signed, all synchronously. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Value } from '../../wasm/value.ts'
import { type Builtin, type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { asString } from '../operands.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { decodeAndVerify } from './decode-verify.ts'
import { ALGORITHMS, type Algorithm, verifies } from './jws.ts'
import { type VerificationKey, verificationKeys } from './keys.ts'
import { encodeSign, encodeSignRaw } from './sign.ts'
import { decodeHeader, decodePart, readClaims, readParameters, splitToken } from './token.ts'

export const JWT: BuiltinTable = {
  'io.jwt.decode': (context, token) => decode(context, token),
  'io.jwt.decode_verify': (context, token, constraints) => decodeAndVerify(context, token, constraints),
  'io.jwt.encode_sign': encodeSign,
  'io.jwt.encode_sign_raw': encodeSignRaw,
  ...Object.fromEntries(
    [...ALGORITHMS].map(([name, algorithm]) => [
      `io.jwt.verify_${name.toLowerCase()}`,
      algorithm.family === 'hmac' ? verifyBySecret(algorithm) : verifyByKey(algorithm),
    ]),
  ),
}

/** A token whose content is a token again is answered by its content. */
function decode(context: BuiltinContext, value: Value | undefined): Value {
  const token = splitToken(value)
  const header = decodeHeader(context, token)
  const payload = decodeUtf8(decodePart('payload', token.payload))
  const contentType = header.get('cty')
  if (contentType === 'JWT') return decode(context, payload.replace(/^["']+/, '').replace(/["']+$/, ''))
  if (contentType !== undefined && typeof contentType !== 'string') throw new BuiltinError('cty: must be a string')
  const claims = readClaims(context, payload)
  return [header, claims, decodePart('signature', token.signature).toString('hex')]
}

function verifyBySecret({ hash }: Algorithm): Builtin {
  return (context, value, secretOperand) => {
    asString(1, value)
    const secret = Buffer.from(asString(2, secretOperand))
    const token = splitToken(value)
    context.charge(token.message.length / 2)
    const expected = createHmac(hash, secret).update(token.message).digest()
    const signature = decodeBase64Url(token.signature)
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
}

/** The key that the header's `kid` names decides; without one, any key whose `alg` is none or the header's. */
function verifyByKey(algorithm: Algorithm): Builtin {
  return (context, value, keyText) => {
    const token = splitToken(value)
    const keys = verificationKeys(context, asString(2, keyText))
    const signature = decodeBase64Url(token.signature)
    const { alg, kid } = readParameters(decodeHeader(context, token))
    const judge = ({ key }: VerificationKey): boolean =>
      key?.kind === 'key' &&
      !key.isPrivate &&
      verifies(context, algorithm, key, token.message, signature, { anySalt: true, anyLength: true })
    const named = kid === '' ? undefined : keys.find((key) => key.kid === kid)
    if (named !== undefined) return judge(named)
    return keys.some((key) => (key.alg === '' || key.alg === alg) && judge(key))
  }
}
