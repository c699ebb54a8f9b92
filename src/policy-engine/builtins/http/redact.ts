/** A recorded call as the decision log may hold it: what carries credentials is struck out, on both sides of the exchange. */
import type { RecordedCall } from '../../engine.ts'
import { isArray, isObject, isSet, RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import { isSecretName, redactParameters, redactText, STRUCK } from './redact-text.ts'

const SECRET_HEADER = /auth|cookie|token|secret|key|password|credential|signature|session/i

/** Whoever replays the log strikes out what its own policy asks, and finds the call again. */
export function redactedCall(call: RecordedCall): RecordedCall {
  if (call.name !== 'http.send') return call
  const { args, value } = call
  return { ...call, args: args.map(redactMessage), value: value && redactMessage(value) }
}

function redactMessage(message: Value): Value {
  if (!isObject(message)) return message
  const body = message.get('body')
  const hasSecretBody = body !== undefined && redactBody(body) !== body
  return mapped(message, (key, member) => {
    switch (key) {
      case 'headers':
        return redactHeaders(member)
      case 'url':
        return typeof member === 'string' ? redactAddress(member) : member
      case 'body':
        return redactBody(member)
      case 'raw_body':
        return typeof member === 'string' ? redactRaw(member, hasSecretBody) : member
      case 'tls_client_key':
        return STRUCK
      default:
        return member
    }
  })
}

/** A text that says what the body says, in a notation that is not read here (YAML), goes whole. */
function redactRaw(text: string, hasSecretBody: boolean): string {
  const redacted = redactText(text, (document) => redactBody(document))
  return hasSecretBody && redacted === text ? STRUCK : redacted
}

function redactHeaders(headers: Value): Value {
  if (!isObject(headers)) return headers
  return mapped(headers, (name, value) => {
    if (typeof name === 'string' && SECRET_HEADER.test(name)) return typeof value === 'string' ? STRUCK : [STRUCK]
    // Where to go on (`location`) may have its own in the query.
    if (isArray(value)) return value.map((one) => (typeof one === 'string' ? redactAddress(one) : one))
    return typeof value === 'string' ? redactAddress(value) : value
  })
}

/** user:password@ in the address, and its query. */
const redactAddress = (address: string): string =>
  redactParameters(address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${STRUCK}@`), '?&#')

/** The body itself where there is nothing to strike out. */
function redactBody(body: Value): Value {
  if (typeof body === 'string') return redactText(body, redactBody)
  if (isArray(body)) {
    const members = body.map(redactBody)
    return members.some((member, at) => member !== body[at]) ? members : body
  }
  if (isSet(body)) {
    const [before, after] = [[...body], [...body].map(redactBody)]
    return after.some((member, at) => member !== before[at]) ? new RegoSet(after) : body
  }
  if (!isObject(body)) return body
  let isChanged = false
  const redacted = mapped(body, (key, member) => {
    const kept = typeof key === 'string' && isSecretName(key) ? STRUCK : redactBody(member)
    isChanged ||= kept !== member
    return kept
  })
  return isChanged ? redacted : body
}

const mapped = (object: RegoObject, map: (key: Value, member: Value) => Value): RegoObject =>
  new RegoObject([...object].map(([key, member]) => [key, map(key, member)] as const))
