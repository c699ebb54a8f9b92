/**
 * Claims of the person that were asked for the ID token one by one. OIDC Core 5.5. `userinfo` is asked of the access token that
 * goes with it, so that one rule says what a client may read of a person.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { TokenFacts } from '../token/find-token.ts'
import { type ReleaseDeps, releasedClaims, userinfoAddress } from '../token/released-claims.ts'
import type { ClaimValue } from '../user/claims.ts'
import type { PersonGrant } from './grants/grant.ts'

type Claims = Readonly<Record<string, ClaimValue>>

const NONE: Claims = {}

/** For userinfo, whichever APIs the token is for besides: an ID token is read by its client alone. */
function factsOf(
  { record }: PersonGrant,
  obligations: Obligations<'token'>,
  { issuer, now }: { readonly issuer: string; readonly now: number },
): TokenFacts {
  return {
    kind: 'access_token',
    active: true,
    client_id: record.clientId,
    sub: record.sub,
    scopes: obligations.scopes,
    audience: [userinfoAddress(issuer)],
    acr: record.acr,
    issued_at: now,
    expires_at: now + obligations.access_token_ttl_seconds,
  }
}

/** None where policy denies them, or wants another sign-in first: that tokens are issued is `token`'s to say. */
export async function idTokenClaims(
  deps: ReleaseDeps,
  request: HttpRequest,
  client: ClientRecord,
  person: PersonGrant,
  obligations: Obligations<'token'>,
): Promise<Claims> {
  const asked = person.record.claims?.idToken
  if (asked === undefined || !obligations.scopes.includes('openid')) return NONE
  const facts = factsOf(person, obligations, { issuer: deps.issuer, now: request.origin.time.epoch_seconds })
  const released = await releasedClaims(deps, request, {
    facts,
    client,
    user: person.user,
    grant: person.record,
    asked,
  })
  if (!('claims' in released)) return NONE
  return Object.fromEntries(Object.entries(released.claims).filter(([name]) => Object.hasOwn(asked, name)))
}
