/**
 * Looks at a provider as a sign-in would, before anybody signs in: is it reached, are its metadata its own, which keys do its
 * hosts show beside those that are pinned, are there keys that verify its tokens? For `sallyport federation test`.
 */
import type { Egress, EgressTls } from '../../../egress/egress.ts'
import { openEgress } from '../../../egress/open.ts'
import { keysShownBy } from '../../../egress/pins.ts'
import type { Clock } from '../../../kernel/clock.ts'
import type { Breaker } from './breaker.ts'
import { FederationError } from './failure.ts'
import { metadataOf } from './metadata.ts'
import { GITHUB_API, type ProviderOptions } from './options.ts'
import { outgoingTo } from './outgoing.ts'

export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'wrong' | 'note'
  readonly text: string
}

/** Nobody's sign-in hangs on it. */
const NO_BREAKER: Breaker = { run: (action) => action(), state: 'closed', close: () => {} }

type Document = Readonly<Record<string, unknown>>

const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null

/** Endpoints that a sign-in or sign-out reaches by itself or sends a browser to. */
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
] as const

interface Looking {
  readonly options: ProviderOptions
  readonly egress: Egress
  readonly tls: EgressTls
}

async function lookAtHost({ options, egress, tls }: Looking, host: URL): Promise<Finding> {
  const what = `keys of ${host.host}`
  try {
    const seen = await keysShownBy(egress, host, tls, options.timeoutMs)
    const pinned = seen.some((pin) => options.pins.includes(pin))
    const text = seen.map((pin) => (options.pins.includes(pin) ? `${pin} (pinned)` : pin)).join(' ')
    if (options.pins.length === 0) return { what, state: 'note', text: `not pinned; from its own up: ${text}` }
    return { what, state: pinned ? 'ok' : 'wrong', text: pinned ? text : `none is pinned; from its own up: ${text}` }
  } catch (error) {
    return { what, state: 'wrong', text: error instanceof Error ? error.message : 'cannot be reached' }
  }
}

async function lookAtJwks(fetch: (url: string) => Promise<Response>, uri: unknown): Promise<Finding> {
  const what = 'keys that verify its tokens'
  if (typeof uri !== 'string') return { what, state: 'wrong', text: 'its metadata names no jwks_uri' }
  try {
    const document: unknown = await (await fetch(uri)).json()
    const keys = isDocument(document) && Array.isArray(document.keys) ? document.keys.filter(isDocument) : []
    const told = keys.map(({ kid, kty, alg }) => `${kid ?? 'without kid'} (${alg ?? kty})`).join(', ')
    return keys.length === 0 ? { what, state: 'wrong', text: 'there are none' } : { what, state: 'ok', text: told }
  } catch (error) {
    return { what, state: 'wrong', text: error instanceof Error ? error.message : 'cannot be read' }
  }
}

function lookAtOffers(options: ProviderOptions, metadata: Document): readonly Finding[] {
  const offers = (name: string, value: string) => {
    const list = metadata[name]
    return Array.isArray(list) && list.includes(value)
  }
  const method = options.authMethod
  const dpop = offers('dpop_signing_alg_values_supported', 'ES256')
  return [
    offers('code_challenge_methods_supported', 'S256')
      ? { what: 'PKCE', state: 'ok', text: 'S256' }
      : { what: 'PKCE', state: 'note', text: 'is not named in its metadata; it is sent all the same' },
    metadata.authorization_response_iss_parameter_supported === true
      ? { what: 'iss in answers', state: 'ok', text: 'is required (RFC 9207)' }
      : {
          what: 'iss in answers',
          state: 'note',
          text: 'is not offered; a redirect URI of its own tells it from others',
        },
    Array.isArray(metadata.token_endpoint_auth_methods_supported) &&
    !offers('token_endpoint_auth_methods_supported', method)
      ? { what: 'client authentication', state: 'wrong', text: `${method} is not among what it takes` }
      : { what: 'client authentication', state: 'ok', text: method },
    options.dpop === 'on' && !dpop
      ? { what: 'bound tokens', state: 'wrong', text: 'dpop is on, and it offers none' }
      : { what: 'bound tokens', state: 'ok', text: dpop && options.dpop !== 'off' ? 'DPoP' : 'bearer tokens' },
    metadata.end_session_endpoint === undefined
      ? { what: 'sign-out there', state: 'note', text: 'is not offered' }
      : { what: 'sign-out there', state: 'ok', text: 'offered once signed out here' },
  ]
}

async function inspectOpenId(looking: Looking, clock: Clock): Promise<readonly Finding[]> {
  const { options, egress } = looking
  const { fetch } = outgoingTo(options, egress, () => NO_BREAKER)
  try {
    const metadata: Document = { ...(await metadataOf(options, fetch, clock).read()) }
    const hosts = new Set(
      [options.issuer, ...ENDPOINTS.map((name) => metadata[name])]
        .filter((url): url is string => typeof url === 'string')
        .map((url) => new URL(url).origin),
    )
    const get = (url: string) => fetch(url, { method: 'GET', headers: { accept: 'application/json' } })
    return [
      { what: 'metadata', state: 'ok', text: `of ${options.issuer}` },
      ...(await Promise.all([...hosts].map((host) => lookAtHost(looking, new URL(host))))),
      await lookAtJwks(get, metadata.jwks_uri),
      ...lookAtOffers(options, metadata),
    ]
  } catch (error) {
    if (!(error instanceof FederationError)) throw error
    return [
      { what: 'metadata', state: 'wrong', text: error.message },
      await lookAtHost(looking, new URL(new URL(options.issuer).origin)),
    ]
  }
}

async function inspectGithub(looking: Looking): Promise<readonly Finding[]> {
  const { issuer, apiUrl } = looking.options
  const hosts = [...new Set([issuer, apiUrl].map((url) => new URL(url).origin))]
  return [
    ...(await Promise.all(hosts.map((host) => lookAtHost(looking, new URL(host))))),
    { what: 'API', state: apiUrl === GITHUB_API ? 'ok' : 'note', text: apiUrl },
  ]
}

export async function inspectProvider(options: ProviderOptions, clock: Clock): Promise<readonly Finding[]> {
  const egress = openEgress({ allow: options.allow, unlisted: 'public' })
  const looking = { options, egress, tls: options.ca === undefined ? {} : { ca: options.ca } }
  try {
    return options.kind === 'github' ? await inspectGithub(looking) : await inspectOpenId(looking, clock)
  } finally {
    await egress.close()
  }
}
