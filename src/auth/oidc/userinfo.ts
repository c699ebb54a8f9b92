/** Claims about the person. OIDC Core 5.3, GET and POST; RFC 9470. Asks `userinfo` which claims the access token releases. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { signJwt } from '../token/jws.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { releasedClaims } from '../token/released-claims.ts'
import { signInAnew } from '../token/step-up.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'

export type UserinfoDeps = BearerDeps & {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'current'>
  readonly decide: Decide
  readonly subjectOf: SubjectOf
}

export async function userinfo(deps: UserinfoDeps, request: HttpRequest): Promise<Reply> {
  const { facts, user, client, grant } = await requireBearer(deps, request)
  const released = await releasedClaims(deps, request, { facts, client, user, grant, asked: grant?.claims?.userinfo })
  if ('denied' in released) throw new OAuthError(released.denied)
  if ('stepUp' in released) throw signInAnew(released.stepUp)
  return answer(deps, client, { ...released.claims, sub: deps.subjectOf(client, released.sub) })
}

/** OIDC Core 5.3.2: JSON, or signed for a client that registered for it, with issuer and audience. */
function answer(deps: UserinfoDeps, client: ClientRecord, claims: Readonly<Record<string, unknown>>): Reply {
  const alg = client.metadata?.userinfo_signed_response_alg
  if (alg === undefined) return { status: 200, body: claims }
  const body = signJwt(deps.keys, 'JWT', { ...claims, iss: deps.issuer, aud: client.clientId }, { alg })
  return { status: 200, headers: { 'content-type': 'application/jwt' }, body }
}
