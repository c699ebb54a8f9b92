/** crypto.md5, sha1, sha256 and crypto.hmac.*: of the text's UTF-8, answered in lower-case hex. MD5 and SHA-1 are for old data. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Value } from '../../wasm/value.ts'
import type { Builtin, BuiltinContext, BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { utf8 } from '../text/go-text.ts'

export const DIGESTS: BuiltinTable = {
  'crypto.md5': digest('md5'),
  'crypto.sha1': digest('sha1'),
  'crypto.sha256': digest('sha256'),
  'crypto.hmac.md5': hmac('md5'),
  'crypto.hmac.sha1': hmac('sha1'),
  'crypto.hmac.sha256': hmac('sha256'),
  'crypto.hmac.sha512': hmac('sha512'),
  'crypto.hmac.equal': (_, left, right) => sameBytes(utf8(asString(1, left)), utf8(asString(2, right))),
}

function digest(algorithm: string): Builtin {
  return (context, text) => {
    const message = measured(context, asString(1, text))
    return createHash(algorithm).update(message, 'utf8').digest('hex')
  }
}

function hmac(algorithm: string): Builtin {
  return (context, text: Value | undefined, key: Value | undefined) => {
    const message = measured(context, asString(1, text))
    return createHmac(algorithm, utf8(asString(2, key)))
      .update(message, 'utf8')
      .digest('hex')
  }
}

/** In constant time; of different lengths it is no secret that they differ. */
const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)

/** Two nanoseconds a byte, whatever the algorithm. */
function measured(context: BuiltinContext, text: string): string {
  context.charge(text.length / 2)
  return text
}
