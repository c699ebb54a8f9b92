/**
 * How introspection answers: JSON (RFC 7662 2.2), or, where the caller asks for it by `Accept`, a JWT that can be kept as
 * proof of what was said, when, and to whom (RFC 9701).
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { weighed } from '../../kernel/weighed.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { signJwt } from '../token/jws.ts'
import type { KeyRing } from '../token/key-ring.ts'

export interface IntrospectionAnswerDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'current'>
}

export type Introspection = Readonly<Record<string, unknown>> & { readonly active: boolean }

const MEDIA_TYPE = 'application/token-introspection+jwt'

/** RFC 9701 4: named as it is, and not less liked than JSON; a wildcard asks for JSON. */
function asksForJwt(accept = ''): boolean {
  const ranges = weighed(accept)
  const weightOf = (mediaType: string) => ranges.find(({ name }) => name === mediaType)?.weight ?? 0
  return weightOf(MEDIA_TYPE) > 0 && weightOf(MEDIA_TYPE) >= weightOf('application/json')
}

export function introspectionReply(
  deps: IntrospectionAnswerDeps,
  request: HttpRequest,
  caller: ClientRecord,
  introspection: Introspection,
): Reply {
  if (!asksForJwt(request.headers.accept)) return { status: 200, body: introspection }
  const claims = {
    iss: deps.issuer,
    aud: caller.clientId,
    iat: request.origin.time.epoch_seconds,
    token_introspection: introspection,
  }
  const alg = caller.metadata?.introspection_signed_response_alg
  const body = signJwt(deps.keys, 'token-introspection+jwt', claims, { alg })
  return { status: 200, headers: { 'content-type': MEDIA_TYPE }, body }
}
