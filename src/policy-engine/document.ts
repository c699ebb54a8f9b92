/** A document of the Data API as it is answered: through the cache where its rule declares it, else evaluated. */
import { scopeOf, subjectOf } from './cache/rule.ts'
import { type Answered, throughCache } from './cache/through-cache.ts'
import { locate, longestEntrypoint, walk } from './data-path.ts'
import type { EvaluationOptions, RecordedCall, Revisions } from './engine.ts'
import type { Active, Judge } from './judge.ts'
import { type Elsewhere, judgedBy } from './remote/remotes.ts'

export type Found = Pick<Answered, 'result' | 'text' | 'cached' | 'maxAgeSeconds' | 'ageSeconds'> &
  Partial<Pick<Answered, 'recorded'>> & {
    /** Where it was judged elsewhere: by what, and what the log carries of that. */
    readonly elsewhere?: { readonly bundles: Revisions; readonly custom: Readonly<Record<string, unknown>> }
  }

/** Throws EvaluationError when a rule traps, PolicyUnavailable where another server is to answer and does not. */
export type Document = (input: unknown, how: How) => Found | Promise<Found>

type How = Pick<EvaluationOptions, 'strict' | 'decisionId'>

/** What is at `path`, found out once. Only the value of an entrypoint that declares it is kept, whole. */
export function documentAt(judge: Judge, on: Active, path: readonly string[]): Document {
  const elsewhere = judge.remotes.decisions.get(path.join('/'))
  if (elsewhere !== undefined) return askedOf(elsewhere)
  const length = longestEntrypoint(on.evaluator, path)
  const entrypoint = path.slice(0, length).join('/')
  const rest = path.slice(length)
  const rule = length > 0 ? on.cacheRules.get(entrypoint) : undefined
  const evaluate = locate(on.evaluator, path)
  return (input, how) => {
    const { strict = false } = how
    const scope =
      rule && scopeOf(judge, rule, `${strict ? 'strict' : 'data'}${input === undefined ? ', no input' : ''}`)
    if (rule === undefined || scope === undefined) return { result: evaluate(input, how), cached: false }
    const { ttlSeconds, nondeterministic } = rule
    const text = JSON.stringify(input) ?? 'null'
    const question = { scope, text, ttlSeconds, subject: subjectOf(input), nondeterministic }
    const answered = throughCache(judge.cache, question, () => {
      const recorded = new Map<string, RecordedCall>()
      const result = on.evaluator.evaluate(entrypoint, input, { exact: true, ...how, recorded })
      return { result, isFit: result !== undefined, recorded }
    })
    return rest.length === 0 ? answered : answered.then((whole) => below(whole, rest))
  }
}

/** What was asked of a whole that is kept; its text is another. */
function below({ text: _whole, ...answered }: Answered, rest: readonly string[]): Found {
  return { ...answered, result: walk(answered.result, rest) }
}

/** Nothing of it is kept: which revision would answer is not known before. */
const askedOf =
  (elsewhere: Elsewhere): Document =>
  async (input, { strict = false }) => {
    const answer = await elsewhere.ask(input, { exact: true, strict })
    const { result, bundles } = answer
    return { result, cached: false, elsewhere: { bundles, custom: judgedBy(elsewhere, answer) } }
  }
