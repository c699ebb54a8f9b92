/** The same question to our host and to OPA, and the smallest input on which they differ. */
import { canonicalize } from '../../src/policy-engine/bundle/canonical.ts'
import { EvaluationError, EvaluationTimeout, type Evaluator } from '../../src/policy-engine/engine.ts'
import { parseExact } from '../../src/policy-engine/exact-json.ts'
import { type Answer, NOW_NS, type Oracle } from './oracle.ts'
import { isRawJSON } from './raw-numbers.ts'

export interface Question {
  readonly unit: string
  /** `data.a.b`, and `a/b` for our host. */
  readonly query: string
  readonly entrypoint: string
  readonly evaluator: Evaluator
}

export interface Difference {
  readonly input: string
  readonly ours: string
  readonly opa: string
}

export interface Compared {
  readonly answers: readonly Answer[]
  readonly difference: Difference | undefined
}

export async function compare(oracle: Oracle, question: Question, inputs: readonly string[]): Promise<Compared> {
  const answers = await oracle.evaluate(question.unit, question.query, inputs)
  for (const [at, answer] of answers.entries()) {
    const input = inputs[at] ?? ''
    if (ourAnswer(question, input) === describe(answer)) continue
    return { answers, difference: await shrink(oracle, question, input) }
  }
  return { answers, difference: undefined }
}

/** As text; objects by sorted keys, numbers as they are written. */
function ourAnswer({ evaluator, entrypoint }: Question, input: string): string {
  try {
    const result = evaluator.evaluate(entrypoint, parseExact(input), { exact: true, nowNs: NOW_NS })
    return result === undefined ? 'undefined' : canonicalize(Buffer.from(JSON.stringify(result)))
  } catch (error) {
    if (error instanceof EvaluationTimeout) return 'timeout'
    if (error instanceof EvaluationError) return error.code
    throw error
  }
}

function describe({ result, error }: Answer): string {
  if (error !== undefined) return error
  return result === undefined ? 'undefined' : canonicalize(Buffer.from(result))
}

const MAX_STEPS = 200

/** Takes parts away as long as the answers still differ. */
async function shrink(oracle: Oracle, question: Question, input: string): Promise<Difference> {
  const differs = async (text: string): Promise<Difference | undefined> => {
    const [answer] = await oracle.evaluate(question.unit, question.query, [text])
    const [ours, opa] = [ourAnswer(question, text), answer === undefined ? '' : describe(answer)]
    return ours === opa ? undefined : { input: text, ours, opa }
  }
  let smallest = (await differs(input)) ?? { input, ours: 'not the same twice', opa: '' }
  for (let steps = 0; steps < MAX_STEPS; ) {
    let found: Difference | undefined
    for (const smaller of smallerThan(parseExact(smallest.input))) {
      steps += 1
      found = await differs(JSON.stringify(smaller))
      if (found !== undefined || steps >= MAX_STEPS) break
    }
    if (found === undefined) break
    smallest = found
  }
  return smallest
}

function* smallerThan(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const at of value.keys()) yield value.toSpliced(at, 1)
    for (const [at, member] of value.entries()) for (const less of smallerThan(member)) yield value.with(at, less)
  } else if (typeof value === 'object' && value !== null && !isRawJSON(value)) {
    const entries = Object.entries(value)
    for (const at of entries.keys()) yield Object.fromEntries(entries.toSpliced(at, 1))
    for (const [at, [name, member]] of entries.entries())
      for (const less of smallerThan(member)) yield Object.fromEntries(entries.with(at, [name, less]))
  }
}
