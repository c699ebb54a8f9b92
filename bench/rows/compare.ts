/** Warms both sides up, then measures them in turn and says how it goes. */
import type { RunOptions } from '../environment.ts'
import type { Samples, Side } from '../row.ts'
import { interleave } from '../summarise.ts'

export async function compareSides(options: RunOptions, ours: Side, peer: Side): Promise<Samples> {
  const { rounds, seconds, warmUpSeconds, progress } = options
  await ours.sample(warmUpSeconds)
  await peer.sample(warmUpSeconds)
  return interleave(ours, peer, rounds, seconds, (round, left, right) =>
    progress(`round ${round}/${rounds}: ours ${left.value.toFixed(0)}, peer ${right.value.toFixed(0)}`),
  )
}
