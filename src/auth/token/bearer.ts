/**
 * Who bears an access token of ours: userinfo, SCIM, admin. RFC 6750; only live tokens pass. The header, or the form of a
 * POST (2.2), never the query; both at once is malformed.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { AccessTokenStore } from '../../storage/port.ts'
import type { AccessTokenRecord, ClientRecord, GrantRecord, UserRecord } from '../../storage/records.ts'
import { accessTokenFacts, stateKey, type TokenFacts } from './find-token.ts'
import { accessTokenIsLive } from './live.ts'
import type { VerifyAccessToken } from './verify-access-token.ts'

export interface BearerDeps {
  readonly verifyAccessToken: VerifyAccessToken
  readonly store: { readonly accessTokens: Pick<AccessTokenStore, 'state'> }
  readonly audit: Audit
}

export interface Bearer {
  readonly tenant: string
  readonly facts: TokenFacts
  readonly record: AccessTokenRecord
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** The client that holds the token, as stored now. */
  readonly client: ClientRecord
  /** The person it speaks for, as stored now; absent where the client speaks for itself. */
  readonly user?: UserRecord
  readonly grant?: GrantRecord
}

const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** The token as sent; undefined when none was. */
export function readBearerToken(request: HttpRequest): string | undefined {
  const header = request.headers.authorization
  const inForm = request.form.get('access_token')
  if (request.form.repeated.has('access_token') || (header !== undefined && inForm !== undefined))
    throw new OAuthError('invalid_request', { detail: 'Send the access token once, in one way.' })
  if (header === undefined) return inForm
  const token = BEARER.exec(header)?.[1]
  if (token === undefined)
    throw new OAuthError('invalid_token', { cause: 'the Authorization header is no Bearer token' })
  return token
}

/** Throws invalid_token for everything but a live access token of ours. */
export async function requireBearer(deps: BearerDeps, request: HttpRequest): Promise<Bearer> {
  const token = readBearerToken(request)
  const claims = token === undefined ? undefined : await deps.verifyAccessToken(token)
  const now = request.origin.time.epoch_seconds
  const { tenant } = request
  const state = claims === undefined ? {} : await deps.store.accessTokens.state(tenant, stateKey(claims))
  if (claims === undefined || claims.expiresAt <= now || !accessTokenIsLive(state, now)) {
    await deps.audit({
      event: 'bearer_rejected',
      tenant,
      request_id: request.id,
      detail: token === undefined ? 'absent' : claims === undefined ? 'not_ours' : 'not_live',
      ...(claims !== undefined && { client_id: claims.clientId }),
    })
    throw new OAuthError('invalid_token')
  }
  return {
    tenant,
    facts: accessTokenFacts(claims, true, state.grant?.sub),
    record: state.token,
    scopes: claims.scopes,
    audience: claims.audience,
    client: state.client,
    ...(state.user !== undefined && { user: state.user }),
    ...(state.grant !== undefined && { grant: state.grant }),
  }
}
