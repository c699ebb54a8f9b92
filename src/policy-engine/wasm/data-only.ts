/** The Evaluator of a bundle without a module: base documents, and nothing to evaluate. */
import { walk } from '../data-path.ts'
import type { Evaluator } from '../engine.ts'
import { parseExact } from '../exact-json.ts'

export function dataOnly(dataJson: Uint8Array): Evaluator {
  let data: unknown
  return {
    entrypoints: new Set(),
    evaluate: () => undefined,
    base: (path) => {
      data ??= parseExact(Buffer.from(dataJson).toString('utf8'))
      return walk(data, path)
    },
    close: () => {},
  }
}
