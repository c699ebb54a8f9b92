/** A recorded call about a token as the decision log may hold it: no key, and no token that could be used. */
import { createHash } from 'node:crypto'
import type { RecordedCall } from '../../engine.ts'
import { isObject, RegoObject, type Value } from '../../wasm/value.ts'

const STRUCK = '***'
const KEYS: ReadonlySet<Value> = new Set<Value>(['secret', 'cert'])

/** Whoever replays the log strikes out what its own policy asks, and finds the call again. */
export function redactedTokenCall(call: RecordedCall): RecordedCall {
  const { name, args, value } = call
  switch (name) {
    case 'io.jwt.decode_verify': {
      const [token = null, constraints = null] = args
      return { ...call, args: [withoutToken(token), withoutKeys(constraints)] }
    }
    case 'io.jwt.encode_sign':
    case 'io.jwt.encode_sign_raw': {
      const [header = null, payload = null] = args
      return { ...call, args: [header, payload, STRUCK], value: value && withoutToken(value) }
    }
    default:
      return call
  }
}

/** Calls about different tokens stay apart. */
const withoutToken = (token: Value): Value =>
  typeof token === 'string' ? `sha256:${createHash('sha256').update(token).digest('base64url')}` : token

const withoutKeys = (constraints: Value): Value =>
  isObject(constraints)
    ? new RegoObject([...constraints].map(([key, member]) => [key, KEYS.has(key) ? STRUCK : member] as const))
    : constraints
