/** Decisions made in this process as a side of a row: decisions per CPU second, and how long one takes. */
import type { Sample, Side } from './row.ts'
import { percentile } from './stats.ts'

/** Between two looks at the clock that ends the turn. */
const BATCH = 200

/** `decide` answers whether it was allowed: one wrong answer ends the row. */
export function evaluationSide<Input>(
  inputs: readonly Input[],
  decide: (input: Input) => boolean | Promise<boolean>,
): Side {
  return {
    async sample(seconds): Promise<Sample> {
      const microseconds: number[] = []
      const cpuBefore = process.cpuUsage()
      const startedAt = performance.now()
      const endsAt = startedAt + seconds * 1000
      for (let next = 0; performance.now() < endsAt; ) {
        for (let step = 0; step < BATCH; step++) {
          const input = inputs[next++ % inputs.length]
          if (input === undefined) throw new Error('nothing to decide')
          const before = performance.now()
          const allowed = decide(input)
          if (!(typeof allowed === 'boolean' ? allowed : await allowed)) throw new Error('a decision was denied')
          microseconds.push((performance.now() - before) * 1000)
        }
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
