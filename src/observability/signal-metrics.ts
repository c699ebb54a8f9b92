/** Metrics of security events and of what becomes of them. Labels: names of events, and of receivers in the configuration. */
import { Counter, Gauge, type Registry } from 'prom-client'

export interface SignalMetrics {
  readonly events: Counter<'event'>
  readonly deliveries: Counter<'receiver' | 'outcome'>
  /** Asked whenever the metrics are read; what it rejects with is not shown. */
  watch(waiting: () => Promise<ReadonlyMap<string, number>>): void
}

export function signalMetrics(registers: Registry[]): SignalMetrics {
  let waiting = async (): Promise<ReadonlyMap<string, number>> => new Map()
  new Gauge({
    name: 'signals_waiting',
    help: 'Security events that wait, by receiver; those for which none is found yet: events.',
    labelNames: ['receiver'],
    registers,
    async collect() {
      try {
        for (const [receiver, count] of await waiting()) this.set({ receiver }, count)
      } catch {
        // A store that is away says so itself; it takes no other metric along.
        this.reset()
      }
    },
  })
  return {
    events: new Counter({
      name: 'security_events_total',
      help: 'Security events that leave, by name.',
      labelNames: ['event'],
      registers,
    }),
    deliveries: new Counter({
      name: 'signals_total',
      help: 'Security events by receiver and outcome: delivered, again (not taken, sent again later), given_up, denied (by policy), dropped (too many wait).',
      labelNames: ['receiver', 'outcome'],
      registers,
    }),
    watch: (next) => {
      waiting = next
    },
  }
}
