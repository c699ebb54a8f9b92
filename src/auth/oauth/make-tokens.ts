/** Turns what policy obliged into tokens and the records that go with them. RFC 6749 5.1, RFC 9068, OIDC Core 3.1.3.3. */
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { Successors } from '../../storage/port.ts'
import type { ClientRecord, Confirmation } from '../../storage/records.ts'
import { type MintDeps, mintAccessToken, scopeMember } from '../token/access-token.ts'
import { newHandle } from '../token/handle.ts'
import { mintIdToken } from '../token/id-token.ts'
import { tokenType } from '../token/sender.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'
import type { PersonGrant, Presented } from './grants/grant.ts'

export interface MadeTokens {
  readonly successors: Successors
  readonly refreshToken?: string | undefined
  /** RFC 6749 5.1. */
  readonly body: Readonly<Record<string, unknown>>
}

/** The family ends as long after its first token as policy says now; a rotation never moves that on. */
function makeRefreshToken(
  person: PersonGrant,
  obligations: Obligations<'token'>,
  { first, narrowed }: { readonly first: boolean; readonly narrowed: boolean },
  now: number,
  confirmation: Confirmation | undefined,
) {
  const expiresAt = person.record.createdAt + obligations.refresh_token_ttl_seconds
  if (!obligations.refresh_token || expiresAt <= now) return undefined
  const { text, digest } = newHandle(person.record.grantId)
  // RFC 6749 6, RFC 8707 2.2: narrowing the access token leaves what the refresh token is good for as it was.
  const { scopes } = first ? obligations : person
  const { audience } = first && !narrowed ? obligations : person
  const record = { v: 1, scopes, audience, issuedAt: now, expiresAt, ...(confirmation && { confirmation }) } as const
  return { text, expiresAt, stored: { digest, record } }
}

/** OIDC RP-Initiated, Front-Channel and Back-Channel Logout: who registered for none of them is told of no session. */
function takesPartInSignOut({ metadata = {} }: ClientRecord): boolean {
  const {
    post_logout_redirect_uris: after = [],
    backchannel_logout_uri: back,
    frontchannel_logout_uri: front,
  } = metadata
  return after.length > 0 || back !== undefined || front !== undefined
}

export type MakeTokensDeps = MintDeps & {
  readonly subjectOf: SubjectOf
  /** Whether a client is told of sessions by Security Event Tokens, which name them by the same `sid`. */
  readonly hearsOfSessions?: (clientId: string) => boolean
}

export function makeTokens(
  deps: MakeTokensDeps,
  client: ClientRecord,
  presented: Presented,
  obligations: Obligations<'token'>,
  context: {
    readonly first: boolean
    readonly now: number
    /** What the access token is bound to. */
    readonly confirmation?: Confirmation | undefined
    /** Of the person, asked for one by one. */
    readonly idTokenClaims?: Readonly<Record<string, unknown>> | undefined
  },
): MadeTokens {
  const { person } = presented
  const { now, confirmation } = context
  const grant = person?.record
  const { scopes } = obligations
  const sub = grant === undefined ? client.clientId : deps.subjectOf(client, grant.sub)
  const access = mintAccessToken(
    deps,
    {
      format: obligations.access_token_format,
      clientId: client.clientId,
      grantId: grant?.grantId,
      sub: grant?.sub,
      publicSub: sub,
      authentication: grant,
      scopes,
      audience: obligations.audience,
      permissions: obligations.permissions,
      claims: obligations.claims,
      ttlSeconds: obligations.access_token_ttl_seconds,
      clientEpoch: client.revocationEpoch,
      tokensEpoch: grant?.tokensEpoch,
      confirmation,
    },
    now,
  )
  // RFC 9449 5, RFC 8705 4: what nobody authenticates for is bound to the key; once bound, always.
  const refreshBinding = person?.confirmation ?? (client.type === 'public' ? confirmation : undefined)
  const use = { first: context.first, narrowed: presented.requested.resources.length > 0 }
  const refresh = person && makeRefreshToken(person, obligations, use, now, refreshBinding)
  const idToken =
    grant && scopes.includes('openid')
      ? mintIdToken(
          deps,
          {
            grant,
            sub,
            nonce: presented.nonce,
            accessToken: access.text,
            claims: { ...context.idTokenClaims, ...obligations.id_token_claims },
            ttlSeconds: obligations.id_token_ttl_seconds,
            namesSession: takesPartInSignOut(client) || deps.hearsOfSessions?.(client.clientId) === true,
            alg: client.metadata?.id_token_signed_response_alg,
          },
          now,
        )
      : undefined
  return {
    refreshToken: refresh?.text,
    successors: {
      accessToken: access.record,
      sid: grant?.sid,
      grantExpiresAt: Math.max(grant?.expiresAt ?? 0, access.record.expiresAt, refresh?.expiresAt ?? 0),
      ...(refresh && { refreshToken: refresh.stored }),
    },
    body: {
      access_token: access.text,
      token_type: tokenType(confirmation),
      expires_in: obligations.access_token_ttl_seconds,
      ...scopeMember(scopes),
      ...(refresh && { refresh_token: refresh.text }),
      ...(idToken && { id_token: idToken }),
    },
  }
}
