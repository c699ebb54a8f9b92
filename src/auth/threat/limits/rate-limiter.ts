/**
 * Rate limits of the endpoints: per address, per client, per person. RFC 6585 4; checklist 20. The first refusal of each in a
 * window is audited, all are counted in a metric. Keys are digests in the store, and stand in no log.
 */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest } from '../../../http/message.ts'
import { networkOf } from '../../../http/network-of.ts'
import type { Admitted, RateLimits } from '../../../http/rate-limits.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { LimitStore } from '../../../storage/port.ts'
import { createRollingCounter, type Refusal, type RollingCounter } from './rolling-counter.ts'
import type { Spares } from './spared.ts'

export const RATED = [
  'token',
  'introspect',
  'revoke',
  'par',
  'authorize',
  'userinfo',
  'register',
  'login',
  'scim',
  'admin',
  'signals',
] as const
export type RatedEndpoint = (typeof RATED)[number]
export type CountedBy = 'address' | 'client' | 'person'

/** Requests in a window; 0: any number. */
export type RateTable = Readonly<Record<RatedEndpoint, Readonly<Partial<Record<CountedBy, number>>>>>

export interface RateLimiterOptions {
  readonly table: RateTable
  readonly windowSeconds: number
  /** Of a limit, what a node may admit before it tells the store. */
  readonly batchShare: number
  /** Addresses that are not counted. */
  readonly spares: Spares
  readonly tenant: string
  readonly store: { readonly limits: Pick<LimitStore, 'hit'> }
  readonly clock: Clock
  readonly audit: Audit
  readonly metrics: { readonly rateLimited: { inc(labels: { readonly endpoint: string; readonly by: string }): void } }
  readonly onFailure: (error: unknown) => void
}

const PATHS: ReadonlyMap<string, RatedEndpoint> = new Map([
  ['/oauth/token', 'token'],
  ['/oauth/introspect', 'introspect'],
  ['/oauth/revoke', 'revoke'],
  ['/oauth/par', 'par'],
  ['/oauth/device_authorization', 'par'],
  ['/device', 'login'],
  ['/device/confirm', 'login'],
  ['/oauth/authorize', 'authorize'],
  ['/oauth/authorize/resume', 'authorize'],
  ['/oauth/userinfo', 'userinfo'],
  ['/oauth/register', 'register'],
  ['/login', 'login'],
  ['/consent', 'login'],
  ['/login/password', 'login'],
  ['/login/select', 'login'],
  ['/account', 'login'],
  ['/password/forgot', 'login'],
  ['/password/reset', 'login'],
  ['/email/verify', 'login'],
  ['/email/stop', 'login'],
  ['/logout', 'login'],
  ['/oauth/logout', 'login'],
  ['/session/binding', 'authorize'],
  ['/session/binding/refresh', 'authorize'],
])

const PREFIXES: readonly (readonly [string, RatedEndpoint])[] = [
  ['/scim/', 'scim'],
  ['/admin/', 'admin'],
  ['/federation/', 'login'],
  ['/account/', 'login'],
  ['/ssf/', 'signals'],
  ['/mfa/', 'login'],
  ['/oauth/register/', 'register'],
]

/** Of a path, or of a route's pattern. */
export const ratedEndpoint = (path: string): RatedEndpoint | undefined =>
  PATHS.get(path) ?? PREFIXES.find(([prefix]) => path.startsWith(prefix))?.[1]

export function createRateLimiter(options: RateLimiterOptions): RateLimits {
  const { clock } = options
  const counters = countersOf(options)
  const check = (
    endpoint: RatedEndpoint,
    by: CountedBy,
    request: HttpRequest,
    key: string,
    clientId?: string,
  ): Admitted => {
    const counted = counters.get(`${endpoint}:${by}`)?.hit(key, clock.nowMs())
    if (counted === undefined) return undefined
    const told = { endpoint, by, request, clientId }
    if (counted instanceof Promise)
      return counted.then((refusal) => (refusal === undefined ? undefined : refuse(options, told, refusal)))
    return refuse(options, told, counted)
  }
  return {
    address: (path) => {
      const endpoint = ratedEndpoint(path)
      if (endpoint === undefined || !counters.has(`${endpoint}:address`)) return undefined
      return (request) => check(endpoint, 'address', request, networkOf(request.origin.address))
    },
    client: (request, { clientId, type }) => {
      const endpoint = ratedEndpoint(request.path)
      if (endpoint === undefined) return undefined
      const key = type === 'public' ? `${clientId}\n${networkOf(request.origin.address)}` : clientId
      return check(endpoint, 'client', request, key, clientId)
    },
    person: (request, sub) => {
      const endpoint = ratedEndpoint(request.path)
      return endpoint && check(endpoint, 'person', request, sub)
    },
  }
}

function countersOf(options: RateLimiterOptions): ReadonlyMap<string, RollingCounter> {
  const { table, windowSeconds, batchShare, spares, tenant, onFailure } = options
  const counters = new Map<string, RollingCounter>()
  for (const endpoint of RATED)
    for (const by of ['address', 'client', 'person'] as const) {
      const most = table[endpoint][by] ?? 0
      if (most === 0) continue
      const name = `rate:${endpoint}:${by}`
      const counter = { store: options.store.limits, tenant, name, most, windowSeconds, batchShare, onFailure }
      counters.set(`${endpoint}:${by}`, createRollingCounter({ ...counter, ...(by === 'address' && { spares }) }))
    }
  return counters
}

interface Told {
  readonly endpoint: RatedEndpoint
  readonly by: CountedBy
  readonly request: HttpRequest
  readonly clientId: string | undefined
}

async function refuse(options: RateLimiterOptions, told: Told, refusal: Refusal): Promise<void> {
  const { endpoint, by, request, clientId } = told
  options.metrics.rateLimited.inc({ endpoint, by })
  if (refusal.first)
    await options.audit({
      event: 'rate_limited',
      tenant: request.tenant,
      request_id: request.id,
      detail: `${endpoint}:${by}`,
      ...(clientId !== undefined && { client_id: clientId }),
    })
  throw new OAuthError('slow_down', { retryAfterSeconds: refusal.retryAfterSeconds })
}
