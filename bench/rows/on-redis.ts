/** Measures a row with both sides on one redis-server; what Redis itself spends on a request is a column beside. */
import type { Environment } from '../environment.ts'
import type { Running } from '../http-side.ts'
import type { BenchRedis } from '../redis.ts'
import type { Samples, Side } from '../row.ts'
import { compareSides } from './compare.ts'

interface Sides {
  readonly left: Side
  readonly right: Side
}

/** Adds up what redis-server spends while this side is measured. */
function counted(side: Side, redis: BenchRedis) {
  const spent = { cpuSeconds: 0, requests: 0 }
  const sample: Side['sample'] = async (seconds) => {
    const before = redis.cpuSeconds()
    const taken = await side.sample(seconds)
    spent.cpuSeconds += redis.cpuSeconds() - before
    spent.requests += (taken.wallRate ?? 0) * seconds
    return taken
  }
  const microseconds = () => Math.round((spent.cpuSeconds / spent.requests) * 1e6)
  return { side: { sample }, microseconds }
}

export async function onRedis(
  environment: Environment,
  open: (ours: Running, peer: Running) => Promise<Sides>,
): Promise<Samples> {
  const redis = await environment.redis()
  const { left, right } = await open(await redis.ours.running(), await redis.peer.running())
  const [ours, peer] = [counted(left, redis.server), counted(right, redis.server)]
  const samples = await compareSides(environment.options, ours.side, peer.side)
  return { ...samples, columns: { redis_cpu_us: { ours: ours.microseconds(), peer: peer.microseconds() } } }
}
