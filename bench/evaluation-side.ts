/** Decisions made in this process as a side of a row: decisions per CPU second, and how long one takes. */
import type { Sample, Side } from './row.ts'
import { percentile } from './stats.ts'

/** Between two looks at the clock that ends the turn. */
const BATCH = 192

type Decide<Input> = (input: Input) => boolean | Promise<boolean>

/** `decide` answers whether it was allowed: one wrong answer ends the row. */
async function decideBatch<Input>(
  batch: readonly Input[],
  decide: Decide<Input>,
  microseconds: number[],
): Promise<void> {
  for (const input of batch) {
    const before = performance.now()
    const allowed = decide(input)
    if (!(typeof allowed === 'boolean' ? allowed : await allowed)) throw new Error('a decision was denied')
    microseconds.push((performance.now() - before) * 1000)
  }
}

/** `concurrency` decisions wait at a time, as when that many requests are in flight; 1 for what answers at once. */
export function evaluationSide<Input>(inputs: readonly Input[], decide: Decide<Input>, concurrency = 1): Side {
  let next = 0
  const take = (count: number) => Array.from({ length: count }, () => inputs[next++ % inputs.length] as Input)
  return {
    async sample(seconds): Promise<Sample> {
      const microseconds: number[] = []
      const cpuBefore = process.cpuUsage()
      const startedAt = performance.now()
      const endsAt = startedAt + seconds * 1000
      while (performance.now() < endsAt) {
        const workers = Array.from({ length: concurrency }, () =>
          decideBatch(take(BATCH / concurrency), decide, microseconds),
        )
        await Promise.all(workers)
      }
      const cpu = process.cpuUsage(cpuBefore)
      const wallSeconds = (performance.now() - startedAt) / 1000
      return {
        value: microseconds.length / ((cpu.user + cpu.system) / 1e6),
        p50: percentile(microseconds, 0.5),
        p99: percentile(microseconds, 0.99),
        wallRate: microseconds.length / wallSeconds,
      }
    },
  }
}
