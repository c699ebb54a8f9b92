/**
 * What lies around a decision that another server answers. Below it is that server's answer. Its package, and whatever holds
 * that, would be answered by the bundle's own rules in its stead: nothing answers them.
 */
import { PolicyUnavailable } from '../../kernel/errors.ts'
import { type Elsewhere, judgedBy, type Remotes } from '../remote/remotes.ts'
import { walk } from './data-path.ts'
import type { Document } from './found.ts'

/** Undefined where the bundles answer. Segments are compared one by one: `%2F` in one names no separator. */
export function documentElsewhere({ decisions }: Remotes, path: readonly string[]): Document | undefined {
  let isAround = false
  for (const [entrypoint, elsewhere] of decisions) {
    const decision = entrypoint.split('/')
    if (begins(path, decision)) return askedOf(elsewhere, path.slice(decision.length))
    const inPackage = decision.slice(0, -1)
    isAround ||= begins(path, inPackage) || begins(inPackage, path)
  }
  return isAround ? unanswered : undefined
}

const begins = (path: readonly string[], start: readonly string[]): boolean =>
  path.length >= start.length && start.every((segment, at) => path[at] === segment)

const unanswered: Document = () => {
  throw new PolicyUnavailable('elsewhere', 'data_api')
}

/** Nothing of it is kept: which revision would answer is not known before. */
const askedOf =
  (elsewhere: Elsewhere, rest: readonly string[]): Document =>
  async (input, { strict = false }) => {
    const answer = await elsewhere.ask(input, { exact: true, strict })
    const { result, bundles } = answer
    return { result: walk(result, rest), cached: false, elsewhere: { bundles, custom: judgedBy(elsewhere, answer) } }
  }
