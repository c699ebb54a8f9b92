/**
 * Where the answer to an authorization request goes: its redirect URI, which was proven the client's own, with `state` and by
 * `response_mode`. Request objects (RFC 9101, OIDC Core 6) are refused; a client that put these two into one is told so in the
 * way that it waits for. Nothing there is verified, nor needs to be: whoever makes the request may set both.
 */
import type { Params } from '../../http/message.ts'
import { parseParams } from '../../http/params.ts'
import type { ClientAddress } from '../session/answer-client.ts'
import { readState } from './authorization-request.ts'
import { responseModeOf } from './response-mode.ts'

const claimsIn = (object: string): unknown =>
  JSON.parse(Buffer.from(object.split('.')[1] ?? '', 'base64url').toString('utf8'))

/** `state` and `response_mode` of a request object, as parameters. */
function insideObject(object: string): Params {
  const found = new URLSearchParams()
  try {
    const claims = claimsIn(object)
    if (typeof claims === 'object' && claims !== null)
      for (const name of ['state', 'response_mode']) {
        const value: unknown = Reflect.get(claims, name)
        if (typeof value === 'string') found.set(name, value)
      }
  } catch {
    // No request object: there is nothing to tell from it.
  }
  return parseParams(found.toString())
}

export function clientAddress(params: Params, redirectUri: string): ClientAddress {
  const object = params.get('request')
  const inside = object === undefined ? undefined : insideObject(object)
  const named = inside === undefined || params.names.has('response_mode') ? params : inside
  return {
    redirectUri,
    state: readState(params) ?? (inside && readState(inside)),
    responseMode: responseModeOf(named, redirectUri),
  }
}
