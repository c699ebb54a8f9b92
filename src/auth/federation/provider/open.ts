/** Opens the configured providers: each with its own way out, breaker and metrics. Nothing is asked of one before it is needed. */

import { type EgressOptions, openEgress } from '../../../egress/open.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { BREAKER_FIGURES, type BreakerState } from '../../../observability/breaker-state.ts'
import type { Logger } from '../../../observability/logger.ts'
import type { Metrics } from '../../../observability/metrics.ts'
import { createBreaker } from './breaker.ts'
import { githubProvider } from './github.ts'
import { openIdProvider } from './openid.ts'
import type { ProviderOptions } from './options.ts'
import { isOutage, outgoingTo } from './outgoing.ts'
import type { Provider } from './provider.ts'

export interface ProvidersDeps {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn' | 'info'>
  readonly metrics: Pick<Metrics, 'federation'>
  readonly lookUp?: EgressOptions['lookUp'] | undefined
}

export interface Providers {
  find(id: string): Provider | undefined
  /** In the order of the configuration. */
  readonly all: readonly Provider[]
  close(): Promise<void>
}

/** A document that a provider that is there answers, whatever it answers. */
const probeUrl = ({ kind, issuer, apiUrl }: ProviderOptions): URL =>
  new URL(kind === 'github' ? apiUrl : `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)

function openProvider(options: ProviderOptions, deps: ProvidersDeps): { provider: Provider; end(): Promise<void> } {
  const { id } = options
  const { logger, metrics, clock, lookUp } = deps
  const egress = openEgress({ allow: options.allow, unlisted: 'public', ...(lookUp && { lookUp }) })
  const outgoing = outgoingTo(options, egress, () => breaker)
  const onChange = (state: BreakerState) => {
    metrics.federation.state.set({ provider: id }, BREAKER_FIGURES[state])
    if (state === 'open') metrics.federation.opened.inc({ provider: id })
    if (state === 'half_open') return
    logger[state === 'open' ? 'warn' : 'info']({ provider: id, breaker: state }, 'identity provider')
  }
  const breaker = createBreaker({
    name: id,
    ...options.breaker,
    isOutage,
    onChange,
    probe: () => outgoing.probe(probeUrl(options)),
  })
  metrics.federation.state.set({ provider: id }, BREAKER_FIGURES.closed)
  const parts = {
    options,
    fetch: outgoing.fetch,
    clock,
    state: () => breaker.state,
    close: () => breaker.close(),
  }
  const provider = options.kind === 'github' ? githubProvider(parts) : openIdProvider(parts)
  const end = async () => {
    provider.close()
    await egress.close()
  }
  return { provider, end }
}

export function openProviders(configured: readonly ProviderOptions[], deps: ProvidersDeps): Providers {
  const opened = configured.map((options) => openProvider(options, deps))
  const byId = new Map(opened.map(({ provider }) => [provider.options.id, provider]))
  return {
    find: (id) => byId.get(id),
    all: [...byId.values()],
    close: async () => {
      await Promise.all(opened.map(({ end }) => end()))
    },
  }
}
