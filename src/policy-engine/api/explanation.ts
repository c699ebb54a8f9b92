/** `?explain=notes|fails|full|debug`: events of the evaluation, or a warning that says why there are none. */
import { EXPLAIN_MODES, type Explainer, type ExplainMode } from '../explain/explainer.ts'
import { ExplainFailed } from '../explain/opa.ts'
import type { DataNode } from '../node/data-node.ts'
import type { Answer } from '../node/question.ts'
import type { ApiRequest } from './exchange.ts'
import { flag } from './url.ts'

interface ExplainDeps {
  readonly node: Pick<DataNode, 'active'>
  readonly explainer?: Explainer | undefined
}

export interface Explained {
  readonly explanation?: readonly unknown[]
  readonly warning?: { readonly code: string; readonly message: string }
}

const isMode = (text: string | undefined): text is ExplainMode => EXPLAIN_MODES.some((mode) => mode === text)

/** May be had by whoever `system.authz` also lets ask at `/v1/explain/{path}`: it shows rules, and data that they read. */
export async function explain(
  { node, explainer }: ExplainDeps,
  { address: { query }, rest, permits }: ApiRequest,
  input: unknown,
  { result, revision }: Answer,
): Promise<Explained> {
  if (query.size === 0) return {}
  const mode = query.get('explain') ?? undefined
  if (!isMode(mode)) return {}
  if (!permits(['v1', 'explain', ...rest])) return none('the policy of this service does not permit explanations')
  const { active } = node
  if (active?.revision !== revision) return none('the policy has changed meanwhile: ask again')
  if (explainer === undefined) return none('this service gives no explanations')
  const { set, digest } = active
  try {
    const question = { mode, pretty: flag(query, 'pretty'), path: rest, input, result, set, digest }
    return { explanation: await explainer.explain(question) }
  } catch (error) {
    if (error instanceof ExplainFailed) return none(error.message)
    throw error
  }
}

const none = (why: string): Explained => ({
  explanation: [],
  warning: { code: 'explain_unavailable', message: `there is no explanation: ${why}` },
})
