/**
 * The claims of a person that a client reads, in userinfo or in an ID token: what policy releases, and of those that were asked
 * for one by one with a value only where the person has it. OIDC Core 5.3.2, 5.4 and 5.5.1. Asks `userinfo`.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { OAuthErrorCode } from '../../kernel/error-codes.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { ClaimAsked } from '../../storage/interaction-records.ts'
import type { ClientRecord, GrantRecord, UserRecord } from '../../storage/records.ts'
import { type ClaimValue, profileClaims } from '../user/claims.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { TokenFacts } from './find-token.ts'

export interface ReleaseDeps {
  readonly decide: Decide
  readonly issuer: string
}

export const userinfoAddress = (issuer: string): string => `${issuer}/oauth/userinfo`

export interface ReleasedTo {
  readonly facts: TokenFacts
  /** The client that holds the token, as stored now. */
  readonly client: ClientRecord
  /** The person, as stored now; absent where the client speaks for itself. */
  readonly user: UserRecord | undefined
  readonly grant: GrantRecord | undefined
  readonly asked: Readonly<Record<string, ClaimAsked>> | undefined
}

export type Released =
  | { readonly sub: string; readonly claims: Readonly<Record<string, ClaimValue>> }
  /** RFC 9470 3: the token is good, the sign-in behind it does not do. */
  | { readonly stepUp: Obligations<'userinfo'> }
  | { readonly denied: OAuthErrorCode }

const isAsAsked = ({ values }: ClaimAsked, value: ClaimValue): boolean =>
  values === undefined || values.some((wanted) => wanted === value)

/** Denied too where there is no person, whatever policy says. */
export async function releasedClaims(
  deps: ReleaseDeps,
  request: HttpRequest,
  { facts, client, user, grant, asked = {} }: ReleasedTo,
): Promise<Released> {
  const names = Object.keys(asked)
  const verdict = await deps.decide(
    'userinfo',
    {
      tenant: request.tenant,
      token: facts,
      endpoint: userinfoAddress(deps.issuer),
      ...(user && { subject: subjectFacts(user) }),
      holder: { scopes: [...client.scopes] },
      ...(grant && { authentication: { acr: grant.acr, auth_time: grant.authTime } }),
      ...(names.length > 0 && { requested: { claims: names } }),
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) return { denied: publicCode('userinfo', verdict, 'insufficient_scope') }
  if (user === undefined) return { denied: 'insufficient_scope' }
  if (verdict.obligations.step_up === 'required') return { stepUp: verdict.obligations }
  const entries = Object.entries(profileClaims(user, verdict.obligations.claims))
  const claims = entries.filter(([name, value]) => isAsAsked(asked[name] ?? {}, value))
  return { sub: user.sub, claims: Object.fromEntries(claims) }
}
