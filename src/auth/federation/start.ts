/** Sends the browser of a sign-in to a provider. OIDC Core 3.1.2.1, RFC 6749 4.1.1. Asks `federation`, stage `start`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import { seeOther } from '../session/answer-client.ts'
import { findSession } from '../session/session.ts'
import { ended, findWaiting, type Waiting } from '../sign-in/waiting.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { failed, failedReply, refusalOf } from './failed.ts'
import { FederationError } from './provider/failure.ts'
import type { Anew, Provider } from './provider/provider.ts'
import { beginTrip, type Errand } from './trip.ts'

export function requireProvider(deps: FederationDeps, id: string | undefined): Provider {
  const provider = id === undefined ? undefined : deps.providers.find(id)
  if (provider === undefined) throw new OAuthError('invalid_request', { detail: TOLD.noProvider })
  return provider
}

/** 303 to the provider, or the page that says why not. */
export async function sendThere(
  deps: FederationDeps,
  request: HttpRequest,
  provider: Provider,
  errand: Errand,
  anew: Anew | undefined,
): Promise<Reply> {
  const { options } = provider
  try {
    // It would not answer when the browser is back.
    if (provider.state === 'open')
      throw new FederationError('unavailable', options.id, { detail: 'its breaker is open' })
    const url = await beginTrip(deps, request, provider, errand, anew)
    if (url === undefined) throw ended()
    return seeOther(url.href)
  } catch (error) {
    if (error instanceof FederationError) return failed(deps, request, options, error, errand)
    throw error
  }
}

/**
 * Where only a new sign-in will do, one at the provider must be new too: the application asks for one (`prompt`, `max_age`), or
 * the session that is here did not do, by policy or for another person. OIDC Core 3.1.2.1, RFC 9470 5.
 */
async function anewFor(
  deps: FederationDeps,
  request: HttpRequest,
  { interaction }: Waiting,
): Promise<Anew | undefined> {
  const { askSignIn, authenticatedSince, maxAgeSeconds } = interaction
  const now = epochSeconds(deps.clock)
  if (askSignIn === true) return { since: now, maxAgeSeconds }
  if (authenticatedSince !== undefined) return { since: authenticatedSince, maxAgeSeconds }
  return (await findSession(deps, request, interaction)) === undefined ? undefined : { since: now }
}

/** GET /federation/:provider/start. The interaction in the address works in the browser that it was made in alone. */
export async function start(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const provider = requireProvider(deps, request.route.provider)
  const errand: Errand = { purpose: 'sign_in', interaction: waiting.id }

  const verdict = await askFederation(deps, request, {
    stage: 'start',
    purpose: 'sign_in',
    waiting,
    provider: provider.options,
  })
  if (!verdict.allow) {
    const code = publicCode('federation', verdict, 'access_denied')
    if (code !== 'access_denied') throw new OAuthError(code)
    return failedReply(provider.options, refusalOf(verdict), errand)
  }
  if (verdict.obligations.next !== 'provider') throw new OAuthError('access_denied')

  return sendThere(deps, request, provider, errand, await anewFor(deps, request, waiting))
}
