/**
 * One Evaluator over several bundles: each entrypoint and each base document is asked of the bundle whose root holds it.
 * Roots never overlap, so that nothing has two owners; above them the documents of several bundles are merged, as in OPA.
 */

import { covers, ownsPath, rootSegment } from '../bundle/roots.ts'
import type { EvaluationOptions, Evaluator, VerifiedBundle } from '../engine.ts'
import { mergeDocuments } from './data-path.ts'

export interface OpenBundle {
  readonly bundle: VerifiedBundle
  readonly evaluator: Evaluator
}

/** The platform's first. One bundle alone is asked directly. */
export function routed(open: readonly [OpenBundle, ...OpenBundle[]]): Evaluator {
  const [platform, ...others] = open
  if (others.length === 0) return platform.evaluator
  const owners = new Map<string, Evaluator>()
  for (const { evaluator } of open) for (const entrypoint of evaluator.entrypoints) owners.set(entrypoint, evaluator)

  return {
    entrypoints: new Set(owners.keys()),
    evaluate: (entrypoint, input, options) => owners.get(entrypoint)?.evaluate(entrypoint, input, options),
    evaluateAll: (entrypoints, input, options) => evaluateAll(owners, entrypoints, input, options),
    base: (path) => baseOf(open, path),
    close: () => {
      for (const { evaluator } of open) evaluator.close()
    },
  }
}

/** The input crosses once to each bundle that is asked. */
function evaluateAll(
  owners: ReadonlyMap<string, Evaluator>,
  entrypoints: readonly string[],
  input: unknown,
  options?: EvaluationOptions,
): unknown[] {
  const results = new Map<string, unknown>()
  for (const [owner, asked] of Map.groupBy(new Set(entrypoints), (entrypoint) => owners.get(entrypoint))) {
    const values =
      owner?.evaluateAll?.(asked, input, options) ?? asked.map((one) => owner?.evaluate(one, input, options))
    for (const [at, entrypoint] of asked.entries()) results.set(entrypoint, values[at])
  }
  return entrypoints.map((entrypoint) => results.get(entrypoint))
}

function baseOf(open: readonly OpenBundle[], path: readonly string[]): unknown {
  const at = rootPath(path)
  const owner = open.find(({ bundle }) => ownsPath(bundle.roots, at))
  if (owner !== undefined) return owner.evaluator.base(path)
  const parts = open
    .filter(({ bundle }) => bundle.roots.some((root) => covers(at, root)))
    .map(({ evaluator }) => evaluator.base(path))
    .filter((part) => part !== undefined)
  return parts.reduce<unknown>(
    (merged, part) => (merged === undefined ? part : mergeDocuments(merged, part)),
    undefined,
  )
}

const rootPath = (path: readonly string[]): string => path.map(rootSegment).join('/')
