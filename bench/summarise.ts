/** Turns the samples of a row into the row that is reported. */
import type { Card, Pair, Row, RowDefinition, Sample, Samples, Side, Target } from './row.ts'
import { median, spread } from './stats.ts'

/** Runs both sides in turn; who goes first changes every round, so that neither always meets the warmer machine. */
export async function interleave(
  ours: Side,
  peer: Side,
  rounds: number,
  seconds: number,
  progress: (round: number, ours: Sample, peer: Sample) => void,
): Promise<Samples> {
  const taken = { ours: [] as Sample[], peer: [] as Sample[] }
  for (let round = 1; round <= rounds; round++) {
    const oursFirst = round % 2 === 1
    const first = await (oursFirst ? ours : peer).sample(seconds)
    const second = await (oursFirst ? peer : ours).sample(seconds)
    const [left, right] = oursFirst ? [first, second] : [second, first]
    taken.ours.push(left)
    taken.peer.push(right)
    progress(round, left, right)
  }
  return taken
}

/** Medians of one figure on both sides; null where no sample has it. */
function pair(samples: Samples, read: (sample: Sample) => number | undefined): Pair | null {
  const of = (side: readonly Sample[]) => side.map(read).filter((value) => value !== undefined)
  const [ours, peer] = [of(samples.ours), of(samples.peer)]
  if (ours.length === 0) return null
  return { ours: median(ours), peer: peer.length === 0 ? null : median(peer) }
}

function meets({ of, is, value: limit }: Target, { ours, ratio, p99 }: Pick<Row, 'ours' | 'ratio' | 'p99'>): boolean {
  const value = of === 'ratio' ? ratio : of === 'ours' ? ours : p99?.peer ? p99.ours / p99.peer : null
  return value !== null && (is === '>=' ? value >= limit : value <= limit)
}

const targetsOf = (target: Target | readonly Target[] | undefined): readonly Target[] =>
  target === undefined ? [] : 'of' in target ? [target] : target

export function summarise(definition: Omit<RowDefinition<never>, 'measure'>, samples: Samples, card: Card): Row {
  const values = (side: readonly Sample[]) => side.map((sample) => sample.value)
  const [ours, peer] = [values(samples.ours), values(samples.peer)]
  if (ours.length === 0) throw new Error(`row ${definition.name} gave no sample`)
  const rounds = peer.length === ours.length ? ours.map((value, round) => value / (peer[round] ?? Number.NaN)) : []
  const figure = (side: readonly number[]) => (definition.figure === 'max' ? Math.max(...side) : median(side))
  const ratio = peer.length === 0 ? null : figure(ours) / figure(peer)
  const targets = targetsOf(definition.target)
  const judged = { ours: figure(ours), ratio, p99: pair(samples, (sample) => sample.p99) }
  return {
    name: definition.name,
    ...judged,
    peer: peer.length === 0 ? null : figure(peer),
    unit: definition.unit,
    p50: pair(samples, (sample) => sample.p50),
    spread: {
      ours: spread(ours),
      peer: peer.length === 0 ? null : spread(peer),
      ratio: rounds.length === 0 ? null : [Math.min(...rounds), Math.max(...rounds)],
    },
    target: targets.length === 0 ? null : targets.map(({ of, is, value }) => `${of} ${is} ${value}`).join(', '),
    verdict: targets.length === 0 ? null : targets.every((target) => meets(target, judged)) ? 'PASS' : 'MISS',
    card: {
      ...card,
      about: definition.about,
      peer: definition.peer ?? null,
      latency_unit: definition.latencyUnit,
      rounds: ours.length,
      ...samples.columns,
      wall_rate: pair(samples, (sample) => sample.wallRate),
    },
  }
}
