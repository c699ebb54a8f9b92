/**
 * The browser is back from a provider. RFC 6749 4.1.2, OIDC Core 3.1.2.5 to 3.1.3.7, RFC 9207, RFC 9700 4.4. Nothing of what it
 * brings counts before its state was found to be this browser's and this provider's. Asks `federation`, stage `entered`.
 */
import type { HttpRequest, Params, Reply } from '../../http/message.ts'
import { seeOther } from '../session/answer-client.ts'
import type { FederationDeps } from './deps.ts'
import { enter } from './enter.ts'
import { failed } from './failed.ts'
import { linkHere } from './link-here.ts'
import { FederationError } from './provider/failure.ts'
import type { Came, Provider, Trip } from './provider/provider.ts'
import { requireProvider } from './start.ts'
import { callbackUri, endTrip } from './trip.ts'

/** What an answer may hold that is looked at. */
const PARAMETERS = ['code', 'state', 'iss', 'error'] as const

function answerUrl(issuer: string, providerId: string, given: Params): URL {
  const url = new URL(callbackUri(issuer, providerId))
  for (const name of PARAMETERS) {
    const value = given.get(name)
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

/** RFC 6749 4.1.2.1: it is the provider that cannot, and nobody refused. */
const UNAVAILABLE: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

async function redeem(provider: Provider, url: URL, trip: Trip): Promise<Came> {
  const { id } = provider.options
  const error = url.searchParams.get('error')
  if (error !== null) throw new FederationError(UNAVAILABLE.has(error) ? 'unavailable' : 'refused_there', id)
  if (!url.searchParams.has('code')) throw new FederationError('wrong_response', id)
  return provider.redeem(url, trip)
}

/** GET /federation/callback/:provider. */
export async function callback(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const provider = requireProvider(deps, request.route.provider)
  const { options } = provider
  const url = answerUrl(deps.issuer, options.id, request.query)
  const back = await endTrip(deps, request, options.id, url.searchParams.get('state') ?? undefined)
  if (back === undefined || request.query.repeated.size > 0)
    return failed(deps, request, options, new FederationError('wrong_response', options.id))
  const { trip, errand } = back
  let came: Came
  try {
    came = await redeem(provider, url, trip)
  } catch (error) {
    if (error instanceof FederationError) return failed(deps, request, options, error, errand)
    throw error
  }
  return errand.purpose === 'link'
    ? linkHere(deps, request, provider, errand, came)
    : enter(deps, request, provider, errand, came)
}

/**
 * POST /federation/callback/:provider, from a page of the provider's: the cookies of this browser come with the GET that follows
 * alone (RFC 6265bis, SameSite=Lax). OAuth 2.0 Form Post Response Mode 2.
 */
export async function formCallback(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const { options } = requireProvider(deps, request.route.provider)
  if (options.responseMode !== 'form_post' || request.form.repeated.size > 0)
    return failed(deps, request, options, new FederationError('wrong_response', options.id))
  const { pathname, search } = answerUrl(deps.issuer, options.id, request.form)
  return seeOther(`${pathname}${search}`)
}
