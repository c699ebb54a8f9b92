/** What a resource server is made with and what its endpoints demand, and whether that is as it can be meant. */
import type { IncomingMessage } from 'node:http'
import type { AccessRefused, Demand } from './access.ts'
import type { DpopOptions } from './holder.ts'
import type { IntrospectionOptions } from './introspection.ts'
import {
  callback,
  isText,
  list,
  needed,
  oneOf,
  parts,
  type RulesFor,
  readOptions,
  text,
  wholeNumber,
  words,
} from './option-rules.ts'
import { requireSecure } from './provider.ts'

export interface ResourceServerOptions {
  /** `iss` of the tokens; its metadata is read from it. */
  readonly issuer: string
  /** Resource indicator of this API (RFC 8707): tokens for another are refused. */
  readonly audience: string
  /** Needed for opaque tokens. */
  readonly introspection?: IntrospectionOptions & {
    /** `always`: JWT too, so that a revocation counts after `cacheSeconds`, not at `exp`. Default `opaque`. */
    readonly when?: 'opaque' | 'always'
  }
  /** Without it, tokens bound by DPoP are refused. */
  readonly dpop?: DpopOptions
  /** DER of the client certificate; default: that of the TLS connection. Behind a proxy, read it from its header. */
  readonly clientCertificate?: (request: IncomingMessage) => Uint8Array | undefined
  /** Whoever sends too many tokens that are none is asked to wait; default: the peer of the connection. Behind a proxy, read it from its header. */
  readonly clientAddress?: (request: IncomingMessage) => string
  /** Told of every refusal with its private cause, for the log. Neither holds the token. */
  readonly onRefused?: (refused: AccessRefused, request: IncomingMessage) => void
  /** Told of what a guarded handler, or `onRefused`, throws: the client reads 500. Default: written to stderr. */
  readonly onError?: (error: unknown, request: IncomingMessage) => void
}

const ANY = Number.MAX_SAFE_INTEGER
/** A proof is made for one request: what is older was kept. */
const MAX_PROOF_SECONDS = 300

/** RFC 6454, as a client writes it: no path, no query. */
const isOrigin = (value: unknown): boolean =>
  typeof value === 'string' && /^https?:\/\/[^\s/?#@\\]+$/i.test(value) && URL.canParse(value)

const INTROSPECTION: RulesFor<NonNullable<ResourceServerOptions['introspection']>> = {
  clientId: needed(text),
  clientSecret: needed(callback),
  when: oneOf(['opaque', 'always']),
  cacheSeconds: {
    what: '0 to 60',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 60,
    isNear: (value) => typeof value === 'number',
  },
  cacheEntries: wholeNumber(1, ANY),
}

const DPOP: RulesFor<DpopOptions> = {
  origins: needed(list('origins, such as https://api.example, without a path', isOrigin, 1)),
  maxAgeSeconds: wholeNumber(1, MAX_PROOF_SECONDS),
  firstUse: callback,
}

const OPTIONS: RulesFor<ResourceServerOptions> = {
  issuer: needed(text),
  audience: needed(text),
  introspection: parts(INTROSPECTION),
  dpop: parts(DPOP),
  clientCertificate: callback,
  clientAddress: callback,
  onRefused: callback,
  onError: callback,
}

const DEMAND: RulesFor<Demand> = {
  scopes: words('scopes', 0),
  permissions: list('permissions', isText, 0),
  // One of them must be met: of none, none can be.
  acrValues: words('values of acr', 1),
  maxAgeSeconds: wholeNumber(0, ANY),
}

function checkIssuer(issuer: string): void {
  if (!URL.canParse(issuer)) throw new TypeError('createResourceServer: options.issuer must be an address')
  const { search, hash } = requireSecure(issuer)
  if (search !== '' || hash !== '')
    throw new TypeError('createResourceServer: options.issuer must have neither query nor fragment (RFC 8414 2)')
}

/** Throws TypeError or RangeError, with the name of what is wrong. */
export function checkOptions(options: ResourceServerOptions): void {
  readOptions('createResourceServer: options', OPTIONS, options)
  checkIssuer(options.issuer)
}

/**
 * What `demand` asks, apart from the object it came in. Throws as `checkOptions` does; so too for a member that is
 * undefined: it was meant to ask something.
 */
export function readDemand(demand: unknown): Demand {
  readOptions('demand', DEMAND, demand)
  const asked = Object.entries(demand as Demand)
  const [empty] = asked.find(([, value]) => value === undefined) ?? []
  if (empty !== undefined)
    throw new TypeError(`demand.${empty} must be ${DEMAND[empty as keyof Demand].what}; it is undefined`)
  return structuredClone(demand as Demand)
}
