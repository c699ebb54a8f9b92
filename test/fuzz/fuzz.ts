/** One fuzz target: so many inputs, each from its own seed, counted by how far they came. */
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { BundleError } from '../../src/policy-engine/engine.ts'
import { startWatchdog } from './watchdog.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')

/** 100,000 at SCALE 1; some 3,000 at 0.1. */
export const INPUTS = Math.max(1000, Math.round(100_000 * SCALE ** 1.5))
/** A run of other inputs: FUZZ_SEED=n. */
const SEED = Number(process.env.FUZZ_SEED ?? '1')

/** What became of an input: refused with a code, or accepted. */
export interface Outcome {
  readonly said: string
  /** It got through what every input meets first, so that the layers below it were met. */
  readonly deep: boolean
}

export interface Fuzzed {
  readonly outcomes: ReadonlyMap<string, number>
  readonly deepShare: number
}

/** Whatever `run` throws fails the test, with what is needed to run that input alone. `atOnce`: of what answers from elsewhere. */
export async function fuzz(
  what: string,
  run: (random: Random, at: number) => Outcome | Promise<Outcome>,
  { count = INPUTS, atOnce = 1 }: { readonly count?: number; readonly atOnce?: number } = {},
): Promise<Fuzzed> {
  const watchdog = startWatchdog(what)
  const outcomes = new Map<string, number>()
  let deep = 0
  const one = async (at: number): Promise<void> => {
    try {
      const outcome = await run(new Random((Math.imul(SEED, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b)) >>> 0), at)
      outcomes.set(outcome.said, (outcomes.get(outcome.said) ?? 0) + 1)
      deep += Number(outcome.deep)
    } catch (cause) {
      throw new Error(`${what}: input ${at} of FUZZ_SEED=${SEED}`, { cause })
    }
  }
  try {
    for (let at = 0; at < count; at += atOnce) {
      watchdog.turn(at)
      const ats = Array.from({ length: Math.min(atOnce, count - at) }, (_, more) => at + more)
      await Promise.all(ats.map(one))
    }
  } finally {
    await watchdog.stop()
  }
  const deepShare = deep / count
  const told = [...outcomes].sort(([, left], [, right]) => right - left).map(([said, n]) => `${said} ${n}`)
  console.log(`${what}: ${count} inputs, ${Math.round(deepShare * 100)} % past the outer layer; ${told.join(', ')}`)
  expect(deepShare).toBeGreaterThanOrEqual(0.5)
  return { outcomes, deepShare }
}

/** The code of a refusal; anything else that is thrown is a crash. */
export function refusal(error: unknown): string {
  if (error instanceof BundleError) return error.code
  throw error
}

export function isGzip(bytes: Uint8Array): boolean {
  try {
    gunzipSync(bytes, { maxOutputLength: 16 * 1024 * 1024 })
    return true
  } catch {
    return false
  }
}
