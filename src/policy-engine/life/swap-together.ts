/**
 * Several deciding nodes that swap as one: each decides by the new set, or all by the one before. Whoever judges what is in
 * force (a revoked key, an end) knows one set only, and a node that went on alone would decide beyond that judgement.
 */
import type { BundleSet } from '../engine.ts'

export interface SwappedNode {
  /** Rejects, and keeps what was active, when the set cannot be loaded there. */
  activate(set: BundleSet): Promise<void>
  /** Nothing is decided there until the next activation. */
  deactivate(): void
}

/** Swaps them in this order, each after the one before. `onLost` hears of a node that cannot be brought back. */
export function swapTogether(nodes: readonly SwappedNode[], onLost: (error: unknown) => void): SwappedNode {
  let current: BundleSet | undefined
  const bringBack = async (node: SwappedNode): Promise<void> => {
    try {
      if (current === undefined) node.deactivate()
      else await node.activate(current)
    } catch (error) {
      // It decides nothing, rather than by a set that nobody judges.
      node.deactivate()
      onLost(error)
    }
  }
  return {
    activate: async (set) => {
      const swapped: SwappedNode[] = []
      try {
        for (const node of nodes) {
          await node.activate(set)
          swapped.push(node)
        }
      } catch (error) {
        await Promise.all(swapped.map(bringBack))
        throw error
      }
      current = set
    },
    deactivate: () => {
      current = undefined
      for (const node of nodes) node.deactivate()
    },
  }
}
