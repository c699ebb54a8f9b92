/** What is looked at from outside meanwhile: memory of the process, answers of the auth service, the decision log after. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((left, right) => left - right)[Math.min(Math.floor(values.length * share), values.length - 1)] ?? 0

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** Resident memory, MB. */
export const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

export interface Sampling<T> {
  readonly samples: T[]
  stop(): Promise<void>
}

/** Again and again, the next not before the last has ended. */
export function sample<T>(everyMs: number, take: () => T | Promise<T>): Sampling<T> {
  const samples: T[] = []
  let stopped = false
  const ended = (async () => {
    while (!stopped) {
      const began = performance.now()
      samples.push(await take())
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - (performance.now() - began))))
    }
  })()
  return {
    samples,
    stop: () => {
      stopped = true
      return ended
    },
  }
}

export interface LoggedDecision {
  readonly id: string
  readonly revision: string
  readonly error: string | undefined
}

interface LogLine {
  readonly decision_id?: string
  readonly path?: string
  readonly bundles?: Readonly<Record<string, { readonly revision: string }>>
  readonly error?: { readonly code: string }
}

/** Every decision on a path below `prefix` in all files of the decision logs, in turn: there may be too many to hold. */
export async function* loggedDecisions(folder: string, prefix: string): AsyncGenerator<LoggedDecision> {
  for (const name of readdirSync(folder).filter((file) => /^decisions-.*\.jsonl$/.test(file))) {
    const lines = createInterface({ input: createReadStream(join(folder, name)) })
    for await (const line of lines) {
      if (line === '') continue
      const { decision_id: id, path = '', bundles, error }: LogLine = JSON.parse(line)
      if (id === undefined || !path.startsWith(prefix)) continue
      yield { id, revision: bundles?.sallyport?.revision ?? '', error: error?.code }
    }
  }
}
