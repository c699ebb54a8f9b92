/** A recorded call as the decision log may hold it: what carries credentials is struck out, on both sides of the exchange. */
import type { RecordedCall } from '../../engine.ts'
import { isObject, RegoObject, type Value } from '../../wasm/value.ts'

const STRUCK = '***'
const SECRET_HEADER = /auth|cookie|token|secret|key|password|credential|signature|session/i
const SECRET_MEMBERS: ReadonlySet<Value> = new Set<Value>(['tls_client_key'])

/** Whoever replays the log strikes out what its own policy asks, and finds the call again. */
export function redactedCall(call: RecordedCall): RecordedCall {
  if (call.name !== 'http.send') return call
  const { args, value } = call
  return { ...call, args: args.map(redactRequest), value: value && redactHeaders(value) }
}

function redactRequest(request: Value): Value {
  const redacted = redactHeaders(request)
  if (!isObject(redacted)) return redacted
  return mapped(redacted, (key, member) => {
    if (SECRET_MEMBERS.has(key)) return STRUCK
    // user:password@ in the address.
    return key === 'url' && typeof member === 'string'
      ? member.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${STRUCK}@`)
      : member
  })
}

function redactHeaders(message: Value): Value {
  if (!isObject(message)) return message
  const headers = message.get('headers')
  if (headers === undefined || !isObject(headers)) return message
  const redacted = mapped(headers, (name, value) =>
    typeof name === 'string' && SECRET_HEADER.test(name) ? (typeof value === 'string' ? STRUCK : [STRUCK]) : value,
  )
  return mapped(message, (key, member) => (key === 'headers' ? redacted : member))
}

const mapped = (object: RegoObject, map: (key: Value, member: Value) => Value): RegoObject =>
  new RegoObject([...object].map(([key, member]) => [key, map(key, member)] as const))
