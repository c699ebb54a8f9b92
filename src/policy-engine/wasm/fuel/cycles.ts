/** Functions that may call themselves, directly or through others: a loop without a loop header. Tarjan's components. */
import type { FunctionBody } from './code.ts'

/** Indices into `bodies`. An indirect call may reach anything, so whoever makes one counts. */
export function recursive(bodies: readonly FunctionBody[], importedFunctions: number): ReadonlySet<number> {
  const found = new Set<number>()
  const callees = bodies.map(({ calls }) => [...calls].map((call) => call - importedFunctions).filter((at) => at >= 0))
  bodies.forEach(({ callsIndirectly }, at) => {
    if (callsIndirectly || callees[at]?.includes(at)) found.add(at)
  })
  for (const component of components(callees)) if (component.length > 1) for (const at of component) found.add(at)
  return found
}

interface Frame {
  readonly node: number
  next: number
}

/** Without recursion: call chains in a module may be deeper than this thread's stack. */
function components(edges: readonly (readonly number[])[]): number[][] {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const open: number[] = []
  const isOpen = new Set<number>()
  const result: number[][] = []
  const enter = (node: number, frames: Frame[]): void => {
    low.set(node, order.size)
    order.set(node, order.size)
    open.push(node)
    isOpen.add(node)
    frames.push({ node, next: 0 })
  }
  const lower = (node: number, other: number | undefined): void => {
    low.set(node, Math.min(low.get(node) ?? 0, other ?? 0))
  }
  const leave = (node: number): void => {
    if (low.get(node) !== order.get(node)) return
    const component = open.splice(open.lastIndexOf(node))
    for (const member of component) isOpen.delete(member)
    result.push(component)
  }
  for (const root of edges.keys()) {
    if (order.has(root)) continue
    const frames: Frame[] = []
    enter(root, frames)
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const target = edges[frame.node]?.[frame.next++]
      if (target === undefined) {
        frames.pop()
        const caller = frames.at(-1)
        if (caller !== undefined) lower(caller.node, low.get(frame.node))
        leave(frame.node)
      } else if (!order.has(target)) enter(target, frames)
      else if (isOpen.has(target)) lower(frame.node, order.get(target))
    }
  }
  return result
}
