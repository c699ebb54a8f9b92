/** Where the `yaml` package reads the text of a scalar otherwise than go-yaml, or takes what go-yaml refuses. */
import type { Pair, Scalar } from 'yaml'
import { BuiltinError } from '../builtin.ts'
import { yaml } from './package.ts'

export function scalarText(node: Scalar, source: string): string {
  const [start = 0, end = 0] = node.range ?? []
  const text = (node.source ?? String(node.value)).toWellFormed()
  if (node.type === 'QUOTE_SINGLE') checkQuotes(source.slice(start, end))
  if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    return blockText(text, source.slice(start, end), end >= source.length)
  }
  return text
}

/** A quote at the very end may have been the first half of two. */
function checkQuotes(written: string): void {
  if (written.split("'").length % 2 === 0) throw new BuiltinError('yaml: found unexpected end of stream')
}

/** The last line of a text ends with no line end unless it is there. */
function blockText(text: string, written: string, isLast: boolean): string {
  if (/^[|>][-+]?[ \t]*(#.*)?\r?\n(?: *\r?\n)* *\t/.test(written)) {
    throw new BuiltinError('yaml: found a tab character where an indentation space is expected')
  }
  return isLast && !/[\r\n]$/.test(written) && text.endsWith('\n') ? text.slice(0, -1) : text
}

/** What go-yaml refuses while it parses, also in a value that nobody reads. */
export function checkStructure(root: unknown, source: string): void {
  const known = new Set<string>()
  const pending = [root]
  for (let node = pending.pop(); pending.length > 0 || node !== undefined; node = pending.pop()) {
    if (yaml().isAlias(node) && !known.has(node.source)) {
      throw new BuiltinError(`yaml: unknown anchor '${node.source}' referenced`)
    }
    if ((yaml().isScalar(node) || yaml().isCollection(node)) && node.anchor !== undefined) known.add(node.anchor)
    if (yaml().isPair(node)) pending.push(node.value, node.key)
    if (!yaml().isCollection(node)) continue
    if (node.flow === true) for (const item of node.items) checkFlow(item, source)
    pending.push(...node.items.toReversed())
  }
}

/** In `[...]` and `{...}` go-yaml knows YAML 1.1's rules: no question mark in a plain text, a blank behind a plain key's colon. */
function checkFlow(item: unknown, source: string): void {
  checkPlain(item)
  if (!yaml().isPair(item)) return
  checkPlain(item.key)
  checkPlain(item.value)
  if (colonOf(item, source) === 'opens') throw new BuiltinError("yaml: did not find expected ',' or '}'")
}

function checkPlain(item: unknown): void {
  if (yaml().isScalar(item) && item.type === 'PLAIN' && String(item.value).includes('?')) {
    throw new BuiltinError("yaml: did not find expected ',' or ']'")
  }
}

/** A colon right before a comma or an end belongs to the key. */
export const flowKeySuffix = (pair: Pair, source: string): string => (colonOf(pair, source) === 'ends' ? ':' : '')

function colonOf({ key }: Pair, source: string): 'opens' | 'ends' | undefined {
  if (!yaml().isScalar(key) || key.type !== 'PLAIN') return undefined
  const end = key.range?.[1] ?? 0
  if (source[end] !== ':') return undefined
  const next = source[end + 1] ?? ''
  return /[[{]/.test(next) ? 'opens' : /[\]},]/.test(next) ? 'ends' : undefined
}
