/** Events of `opa eval` in the form in which OPA's server gives them (TraceEventV1). */

interface EvalEvent {
  readonly Op: string
  readonly QueryID: number
  readonly ParentID: number
  readonly Node: unknown
  readonly Locals?: readonly { readonly name: string; readonly type: string; readonly value: unknown }[] | null
  readonly Message?: string
}

export const traceEvents = (events: readonly unknown[]): readonly object[] =>
  (events as readonly EvalEvent[]).map(({ Op, QueryID, ParentID, Node, Locals, Message }) => ({
    op: Op.toLowerCase(),
    query_id: QueryID,
    parent_id: ParentID,
    type: typeOf(Node),
    node: Node,
    locals: (Locals ?? []).map(({ name, type, value }) => ({
      // The document that was asked for; only `opa eval` gives it a name to read.
      key: { type: 'var', value: name === '_' ? '$term1' : name },
      value: { type, value },
    })),
    ...(Message !== undefined && Message !== '' && { message: Message }),
  }))

/** Of the node in OPA's syntax tree. */
function typeOf(node: unknown): string {
  if (Array.isArray(node)) return 'body'
  if (typeof node !== 'object' || node === null) return ''
  return 'head' in node ? 'rule' : 'expr'
}
