/** A deciding node: the Data API's part, and `decide` by the contract, on one thread under one active bundle. */

import type { Decide } from '../decide.ts'
import { createDataNode, type DataNode, type NodeOptions } from './data-node.ts'
import { createDecide } from './decide-here.ts'

export interface PolicyNode extends DataNode {
  /** The contract's question. */
  readonly decide: Decide
}

export function createNode(options: NodeOptions): PolicyNode {
  const { node, judge } = createDataNode(options)
  return Object.assign(node, { decide: createDecide(judge) })
}
