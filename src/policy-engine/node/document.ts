/** A document of the Data API as it is answered: through the cache where its rule declares it, else evaluated. */
import { scopeOf, subjectOf } from '../cache/rule.ts'
import { type Answered, type Evaluated, throughCache } from '../cache/through-cache.ts'
import { settle } from '../wasm/settle.ts'
import { locate, longestEntrypoint, walk } from './data-path.ts'
import { documentElsewhere } from './elsewhere.ts'
import type { Document, Found } from './found.ts'
import type { Active, Judge } from './judge.ts'

/** What is at `path`, found out once. Only the value of an entrypoint that declares it is kept, whole. */
export function documentAt(judge: Judge, on: Active, path: readonly string[]): Document {
  const remote = documentElsewhere(judge.remotes, path)
  if (remote !== undefined) return remote
  const length = longestEntrypoint(on.evaluator, path)
  const entrypoint = path.slice(0, length).join('/')
  const rest = path.slice(length)
  const rule = length > 0 ? on.cacheRules.get(entrypoint) : undefined
  const evaluate = locate(on.evaluator, path)
  const { deadlineMs } = judge
  return (input, how) => {
    const { strict = false, recorded } = how
    const scope =
      rule && scopeOf(judge, rule, `${strict ? 'strict' : 'data'}${input === undefined ? ', no input' : ''}`)
    if (rule === undefined || scope === undefined) {
      const find = (): Found => ({ result: evaluate(input, how), recorded, cached: false })
      return settle(how, find, { deadlineMs })
    }
    const { ttlSeconds, nondeterministic } = rule
    const text = JSON.stringify(input) ?? 'null'
    const question = { scope, text, ttlSeconds, subject: subjectOf(input), nondeterministic }
    const whole = (): Evaluated => {
      const result = on.evaluator.evaluate(entrypoint, input, { ...how, exact: true })
      return { result, isFit: result !== undefined, recorded }
    }
    const answered = throughCache(judge.cache, question, () => settle(how, whole, { deadlineMs }))
    return rest.length === 0 ? answered : answered.then((whole) => below(whole, rest))
  }
}

/** What was asked of a whole that is kept; its text is another. */
function below({ text: _whole, ...answered }: Answered, rest: readonly string[]): Found {
  return { ...answered, result: walk(answered.result, rest) }
}
