/** Breakers in the metrics of a thread: read when they are scraped. One for each name. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { BREAKER_FIGURES } from '../../observability/breaker-state.ts'
import type { Breaker } from './breaker.ts'

export function registerBreakers(
  registry: Registry,
  breakers: ReadonlyMap<string, Pick<Breaker, 'state' | 'stats'>>,
): void {
  if (breakers.size === 0) return
  const registers = [registry]
  const labelNames = ['name']
  new Gauge({
    name: 'policy_breaker_state',
    help: 'Breaker before a service that decides: 0 closed, 1 probing, 2 open.',
    labelNames,
    registers,
    collect() {
      for (const [name, { state }] of breakers) this.set({ name }, BREAKER_FIGURES[state])
    },
  })
  const counter = (name: string, help: string, read: (stats: Breaker['stats']) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        for (const [breaker, { stats }] of breakers) this.inc({ name: breaker }, read(stats))
      },
    })
  counter('policy_breaker_opened_total', 'Times the breaker opened.', ({ opened }) => opened)
  counter('policy_breaker_rejected_total', 'Questions turned away while it was open.', ({ rejected }) => rejected)
}
