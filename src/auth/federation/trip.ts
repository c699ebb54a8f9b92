/**
 * One trip of a browser to a provider and back. Its state is single-use, and bound to this browser and this provider, which has
 * a redirect URI of its own: an answer that was meant for another is refused (mix-up, RFC 9700 4.4; login CSRF, 4.7). Verifier
 * and nonce are derived from the browser's secret, so that the store holds nothing that redeems a code. RFC 7636, OIDC Core 3.1.2.1.
 */
import type { HttpRequest } from '../../http/message.ts'
import { equalDigests } from '../../kernel/constant-time.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import { openUnder, sealUnder } from '../../kernel/sealed.ts'
import type { OneUseRecord } from '../../storage/records.ts'
import { formToken } from '../session/csrf.ts'
import { browserSecret } from '../session/interaction.ts'
import { sessionSecret } from '../session/session.ts'
import type { FederationDeps } from './deps.ts'
import type { Anew, Provider, Trip } from './provider/provider.ts'

const KIND = 'federation_trip'
/** Who needs longer at the provider begins anew. */
const TRIP_SECONDS = 15 * 60
const SECRET = /^[A-Za-z0-9_-]{43}$/

/** What the trip is for: a sign-in that waits, or a further way in for who is signed in. */
export type Errand =
  | { readonly purpose: 'sign_in'; readonly interaction: string }
  | { readonly purpose: 'link'; readonly sub: string }

export const callbackUri = (issuer: string, providerId: string): string => `${issuer}/federation/callback/${providerId}`

/** Of the browser in a sign-in, of the session where somebody is signed in. */
const secretFor = (issuer: string, request: HttpRequest, purpose: Errand['purpose']): string | undefined =>
  purpose === 'sign_in' ? browserSecret(issuer, request) : sessionSecret(issuer, request)

const tripOf = (issuer: string, providerId: string, secret: string, state: string, anew?: Anew): Trip => ({
  redirectUri: callbackUri(issuer, providerId),
  state,
  nonce: formToken(secret, KIND, 'nonce', providerId, state),
  codeVerifier: formToken(secret, KIND, 'verifier', providerId, state),
  anew,
})

/** Where the browser goes; undefined where it has no secret to bind the trip to. Throws FederationError. */
export async function beginTrip(
  deps: FederationDeps,
  request: HttpRequest,
  provider: Provider,
  errand: Errand,
  anew: Anew | undefined,
): Promise<URL | undefined> {
  const secret = secretFor(deps.issuer, request, errand.purpose)
  if (secret === undefined) return undefined
  const state = randomSecret()
  const { id } = provider.options
  const url = await provider.authorizationUrl(tripOf(deps.issuer, id, secret, state, anew))
  const now = request.origin.time.epoch_seconds
  await deps.store.oneUse.put(request.tenant, digestOf(state), {
    v: 1,
    kind: KIND,
    ...(errand.purpose === 'link' && { sub: errand.sub }),
    facts: {
      provider: id,
      bound: digestOf(secret),
      purpose: errand.purpose,
      ...(anew && { since: anew.since }),
      ...(errand.purpose === 'sign_in' && { interaction: sealUnder(state, INTERACTION, errand.interaction) }),
    },
    createdAt: now,
    expiresAt: now + TRIP_SECONDS,
  })
  return url
}

/** The id of an interaction opens what lies there of its person: it lies nowhere in the store. */
const INTERACTION = 'interaction of a trip'

function errandOf({ sub, facts }: OneUseRecord, state: string): Errand | undefined {
  if (facts.purpose === 'link' && sub !== undefined) return { purpose: 'link', sub }
  const interaction = openUnder(state, INTERACTION, String(facts.interaction))
  return facts.purpose === 'sign_in' && interaction !== undefined ? { purpose: 'sign_in', interaction } : undefined
}

/** Spends the state; undefined where it is none, was spent, or is another browser's or provider's, which ends nothing. */
export async function endTrip(
  deps: FederationDeps,
  request: HttpRequest,
  providerId: string,
  state: string | undefined,
): Promise<{ readonly trip: Trip; readonly errand: Errand } | undefined> {
  if (state === undefined || !SECRET.test(state)) return undefined
  const found = await deps.store.oneUse.find(request.tenant, KIND, digestOf(state))
  const errand = found && errandOf(found, state)
  const secret = errand && secretFor(deps.issuer, request, errand.purpose)
  if (found === undefined || errand === undefined || secret === undefined) return undefined
  const { provider, bound } = found.facts
  if (provider !== providerId || !equalDigests(digestOf(secret), String(bound))) return undefined
  if ((await deps.store.oneUse.take(request.tenant, KIND, digestOf(state))) === undefined) return undefined
  const { since } = found.facts
  const anew = typeof since === 'number' ? { since } : undefined
  return { trip: tripOf(deps.issuer, providerId, secret, state, anew), errand }
}
