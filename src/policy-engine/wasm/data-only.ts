/** The Evaluator of a bundle without a module: base documents, and nothing to evaluate. */
import { type BaseData, baseData } from '../bundle/base-data.ts'
import type { Evaluator } from '../engine.ts'

export const dataOnly = (bundle: BaseData): Evaluator => ({
  entrypoints: new Set(),
  evaluate: () => undefined,
  base: baseData(bundle),
  close: () => {},
})
