/** What the steps of one sign-in share: which request waits, for which client, in which browser. Checklist 12. */

import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { Clock } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { InteractionRecord } from '../../storage/interaction-records.ts'
import type {
  ClientStore,
  ConsentStore,
  InteractionStore,
  LimitStore,
  PushedRequestStore,
  SessionStore,
  UserStore,
} from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { ownsRedirectUri } from '../client/redirect-uri.ts'
import { isOwnForm } from '../session/csrf.ts'
import { browserSecret, findInteraction } from '../session/interaction.ts'
import type { SessionDeps } from '../session/session.ts'
import { OWN_PAGES } from './own-pages.ts'

export type WaitingDeps = SessionDeps & {
  readonly issuer: string
  readonly store: {
    readonly clients: Pick<ClientStore, 'find'>
    readonly users: Pick<UserStore, 'find' | 'findBySignInName'>
    readonly sessions: SessionStore
    readonly interactions: InteractionStore
    readonly consents: ConsentStore
    readonly limits: LimitStore
    readonly pushedRequests: Pick<PushedRequestStore, 'take'>
  }
  readonly decide: Decide
  readonly audit: Audit
  readonly clock: Clock
}

/** An authorization request, or a page of ours, that waits in this browser. */
export interface Waiting {
  readonly id: string
  readonly interaction: InteractionRecord
  readonly client: ClientRecord
  /** The secret that this browser's forms are bound to. */
  readonly secret: string
}

/** Whoever comes from a page of ours had the cookie that it set, unless the browser keeps none. */
const noCookies = () => new OAuthError('invalid_request', { detail: TOLD.noCookies })

export const ended = () => new OAuthError('invalid_request', { detail: TOLD.expired })

/** Throws invalid_request where no request waits in this browser under the id, which stands in the address where none is given. */
export async function findWaiting(
  deps: WaitingDeps,
  request: HttpRequest,
  id = request.query.get('interaction'),
): Promise<Waiting> {
  const secret = browserSecret(deps.issuer, request)
  const interaction = id === undefined ? undefined : await findInteraction(deps, request, id)
  if (id !== undefined && secret === undefined) throw noCookies()
  if (id === undefined || secret === undefined || interaction === undefined) throw ended()
  if (interaction.page !== undefined) return { id, interaction, client: OWN_PAGES, secret }
  const client = await deps.store.clients.find(request.tenant, interaction.clientId)
  // It was the client's own when the request came; a page must lead nowhere else than where it may go now.
  if (client === undefined || !ownsRedirectUri(client, interaction.redirectUri)) throw ended()
  return { id, interaction, client, secret }
}

/** Throws access_denied for a form that is not ours, not of this browser, or not about what it says; a repeated field is malformed. */
export function requireOwnForm(
  deps: Pick<WaitingDeps, 'issuer'>,
  request: HttpRequest,
  secret: string,
  ...about: readonly string[]
): void {
  if (request.form.repeated.size > 0) throw new OAuthError('invalid_request')
  if (isOwnForm(request, deps.issuer, secret, ...about)) return
  throw new OAuthError('access_denied', {
    detail: TOLD.foreignForm,
    cause: 'form token or origin',
  })
}

/** What the person continues to; undefined for a page of ours, which their language names. */
export const shownName = ({ interaction, client }: Waiting): string | undefined =>
  interaction.page === undefined ? client.name : undefined

/** As `findWaiting`, and it is an application that waits: a page of ours is given no consent and no code. */
export async function findAuthorization(deps: WaitingDeps, request: HttpRequest): Promise<Waiting> {
  const waiting = await findWaiting(deps, request)
  if (waiting.interaction.page !== undefined) throw ended()
  return waiting
}

/** Where the authorization goes on after a page; 303, so that no password or answer is sent along (RFC 9700 4.12). */
export const resumeAt = (id: string): string => `/oauth/authorize/resume?interaction=${encodeURIComponent(id)}`
