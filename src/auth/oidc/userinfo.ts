/** Claims about the person. OIDC Core 5.3, GET and POST. Asks `userinfo` which claims the access token releases. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { signJwt } from '../token/jws.ts'
import type { KeyRing } from '../token/key-ring.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'
import { profileClaims } from '../user/claims.ts'
import { subjectFacts } from '../user/subject-facts.ts'

export type UserinfoDeps = BearerDeps & {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'current'>
  readonly decide: Decide
  readonly subjectOf: SubjectOf
}

export async function userinfo(deps: UserinfoDeps, request: HttpRequest): Promise<Reply> {
  const { tenant, facts, user, client } = await requireBearer(deps, request)
  const verdict = await deps.decide(
    'userinfo',
    { tenant, token: facts, request: request.origin, ...(user && { subject: subjectFacts(user) }) },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('userinfo', verdict, 'insufficient_scope'))
  // Without a person there is nothing to tell, whatever policy says.
  if (user === undefined) throw new OAuthError('insufficient_scope')
  const claims = profileClaims(user, verdict.obligations.claims)
  return answer(deps, client, { ...claims, sub: deps.subjectOf(client, user.sub) })
}

/** OIDC Core 5.3.2: JSON, or signed for a client that registered for it, with issuer and audience. */
function answer(deps: UserinfoDeps, client: ClientRecord, claims: Readonly<Record<string, unknown>>): Reply {
  const alg = client.metadata?.userinfo_signed_response_alg
  if (alg === undefined) return { status: 200, body: claims }
  const body = signJwt(deps.keys, 'JWT', { ...claims, iss: deps.issuer, aud: client.clientId }, { alg })
  return { status: 200, headers: { 'content-type': 'application/jwt' }, body }
}
