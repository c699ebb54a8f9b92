/** One question asked many times: inputs that reached new lines are kept and changed further. */
import { compare, type Difference, type Question } from './compare.ts'
import { InputMaker } from './generate.ts'
import type { Oracle } from './oracle.ts'
import type { Shape } from './shape.ts'

const BATCH = 25
const MAX_INPUT_BYTES = 200_000

export interface Tally {
  inputs: number
  /** Answers that are an error on both sides: rules in conflict. */
  errors: number
  /** Distinct answers. */
  readonly answers: Set<string>
  difference: Difference | undefined
}

export interface CampaignOptions {
  readonly shape: Shape
  readonly literals: readonly unknown[]
  /** Inputs to change, besides those that are found on the way. */
  readonly seeds?: readonly unknown[]
  readonly count: number
  readonly seed: number
}

/** Ends at the first difference. */
export async function campaign(
  oracle: Oracle,
  question: Question,
  { shape, literals, seeds = [], count, seed }: CampaignOptions,
): Promise<Tally> {
  const maker = new InputMaker(shape, literals, seed)
  const corpus: unknown[] = [...seeds]
  const tally: Tally = { inputs: 0, errors: 0, answers: new Set(), difference: undefined }
  while (tally.inputs < count && tally.difference === undefined) {
    const values: unknown[] = []
    while (values.length < Math.min(BATCH, count - tally.inputs)) {
      // Every second one goes on from what led somewhere new.
      const value = corpus.length > 0 && values.length % 2 === 1 ? maker.changed(corpus) : maker.fresh()
      if (JSON.stringify(value).length <= MAX_INPUT_BYTES) values.push(value)
    }
    const inputs = values.map((value) => JSON.stringify(value))
    const { answers, difference } = await compare(oracle, question, inputs)
    tally.inputs += inputs.length
    tally.difference = difference
    for (const [at, answer] of answers.entries()) {
      if (answer.fresh) corpus.push(values[at])
      if (answer.error !== undefined) tally.errors += 1
      tally.answers.add(answer.error ?? answer.result ?? 'undefined')
    }
  }
  return tally
}

/** What a failing test prints: enough to ask the same again. */
export const shown = ({ unit }: Question, seed: number, { input, ours, opa }: Difference): string =>
  [`${unit}, seed ${seed}`, `  input ${clip(input)}`, `  ours  ${clip(ours)}`, `  OPA   ${clip(opa)}`].join('\n')

const clip = (text: string): string => (text.length > 4000 ? `${text.slice(0, 4000)}…` : text)
