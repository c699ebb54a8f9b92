/** The decision cache in the metrics of its thread: read when they are scraped, so that a look-up costs nothing for them. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { CacheStats, DecisionCache } from './decision-cache.ts'

export function registerCacheMetrics(registry: Registry, cache: Pick<DecisionCache, 'stats'>): void {
  const registers = [registry]
  new Counter({
    name: 'decision_cache_total',
    help: 'Look-ups in the decision cache: hit, miss, or joined to an equal question that was being judged.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { hits, misses, joined } = cache.stats
      this.reset()
      this.inc({ outcome: 'hit' }, hits)
      this.inc({ outcome: 'miss' }, misses - joined)
      this.inc({ outcome: 'joined' }, joined)
    },
  })
  new Counter({
    name: 'decision_cache_evicted_total',
    help: 'Answers given up for room.',
    registers,
    collect() {
      this.reset()
      this.inc(cache.stats.evicted)
    },
  })
  const gauge = (name: string, help: string, read: (stats: CacheStats) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(cache.stats))
      },
    })
  gauge('decision_cache_entries', 'Answers in the decision cache.', ({ entries }) => entries)
  gauge('decision_cache_bytes', 'Memory of the decision cache, counted generously.', ({ bytes }) => bytes)
  gauge(
    'decision_cache_hit_ratio',
    'Share of look-ups that needed no evaluation of their own, since the start.',
    (stats) => (stats.hits + stats.misses === 0 ? 0 : (stats.hits + stats.joined) / (stats.hits + stats.misses)),
  )
}
