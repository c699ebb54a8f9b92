/**
 * Who bears an access token of ours: userinfo, SCIM, admin. RFC 6750; only live tokens pass. The header, or the form of a
 * POST (2.2), never the query; both at once is malformed. A token that is bound to a key comes with a proof of it: under the
 * scheme DPoP, RFC 9449 7.1, or on a connection with its certificate, RFC 8705 3.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { AccessTokenRecord, ClientRecord, GrantRecord, UserRecord } from '../../storage/records.ts'
import { accessTokenFacts, type TokenFacts } from './find-token.ts'
import { accessTokenIsLive, type LiveState } from './live.ts'
import { type LookUpDeps, lookUpAccessToken } from './look-up.ts'
import { isProved, type ProveSender } from './sender.ts'

export interface BearerDeps extends LookUpDeps {
  readonly proveSender: ProveSender
  readonly audit: Audit
  /** Absent: bearers are not counted. */
  readonly rates?: Pick<RateLimits, 'client' | 'person'> | undefined
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

const AUTHORIZATION = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i

export interface SentToken {
  readonly text: string
  /** RFC 9449 7.1: the scheme says whether a proof comes with it. */
  readonly isDpop: boolean
}

/** The token as sent; undefined when none was. */
export function readSentToken(request: HttpRequest): SentToken | undefined {
  const header = request.headers.authorization
  const inForm = request.form.get('access_token')
  if (request.form.repeated.has('access_token') || (header !== undefined && inForm !== undefined))
    throw new OAuthError('invalid_request', { detail: 'Send the access token once, in one way.' })
  if (header === undefined) return inForm === undefined ? undefined : { text: inForm, isDpop: false }
  const [, scheme, text] = AUTHORIZATION.exec(header) ?? []
  if (scheme === undefined || text === undefined)
    throw new OAuthError('invalid_token', { cause: 'the Authorization header is no access token' })
  return { text, isDpop: scheme.toLowerCase() === 'dpop' }
}

/** Whether the key that the token is bound to was proved, under the scheme of such a token. Throws on a proof that is none. */
async function isHolder(
  deps: BearerDeps,
  request: HttpRequest,
  sent: SentToken,
  { token, client, user }: LiveState,
): Promise<boolean> {
  const bound = token.confirmation
  // RFC 9449 7.2: a bound token is no bearer token, nor the other way round.
  if (sent.isDpop !== (bound?.jkt !== undefined)) return false
  if (bound === undefined) return true
  const sender = await deps.proveSender(request, sent.text)
  if (!isProved(bound, sender)) return false
  await sender.use({ client_id: client.clientId, sub: user?.sub })
  return true
}

async function reject(
  deps: BearerDeps,
  request: HttpRequest,
  detail: 'absent' | 'not_ours' | 'not_live' | 'not_its_key',
  clientId?: string,
): Promise<never> {
  const client = clientId === undefined ? {} : { client_id: clientId }
  await deps.audit({ event: 'bearer_rejected', tenant: request.tenant, request_id: request.id, detail, ...client })
  throw new OAuthError('invalid_token')
}

/** Throws invalid_token for everything but a live access token of ours, in the hands of who it was issued to. */
export async function requireBearer(deps: BearerDeps, request: HttpRequest): Promise<Bearer> {
  const sent = readSentToken(request)
  if (sent === undefined) return reject(deps, request, 'absent')
  const { tenant } = request
  const found = await lookUpAccessToken(deps, tenant, sent.text)
  if (found === undefined) return reject(deps, request, 'not_ours')
  const { claims, state } = found
  const now = request.origin.time.epoch_seconds
  if (claims.expiresAt <= now || !accessTokenIsLive(state, now))
    return reject(deps, request, 'not_live', claims.clientId)
  if (!(await isHolder(deps, request, sent, state))) return reject(deps, request, 'not_its_key', claims.clientId)
  await (state.user === undefined
    ? deps.rates?.client(request, state.client)
    : deps.rates?.person(request, state.user.sub))
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
