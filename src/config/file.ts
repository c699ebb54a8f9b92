/** Reads `sallyport.yaml` and remembers the line of every key. YAML 1.2. */
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { ConfigError } from '../kernel/errors.ts'
import { isRecord, type KeyPath, type Layer } from './origin.ts'

export function fileLayer(file: string): Layer {
  const near = relative(process.cwd(), file)
  const shown = near === '' || near.startsWith('..') ? file : near
  const lines = new LineCounter()
  const document = parseDocument(readText(file, shown), { lineCounter: lines, prettyErrors: false })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) throw new ConfigError(`${shown}:${lines.linePos(problem.pos[0]).line}: ${problem.message}`)
  const values: unknown = document.toJS() ?? {}
  if (!isRecord(values)) throw new ConfigError(`${shown}:1: must be a map of keys`)
  return {
    values,
    folder: dirname(resolve(file)),
    origin: (path) => {
      const offset = offsetOf(document.contents, path)
      return offset === undefined ? undefined : `${shown}:${lines.linePos(offset).line}`
    },
  }
}

function readText(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`${shown}: cannot be read`, { cause: error })
  }
}

/** Offset of the key at `path`; of an item, where it stands in a list. */
function offsetOf(root: Node | null, path: KeyPath): number | undefined {
  let node: unknown = root
  let offset = root?.range?.[0]
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      if (!pair) return undefined
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset
      node = pair.value
    } else if (isNode(node) && 'items' in node && Array.isArray(node.items)) {
      node = node.items[Number(key)]
      if (!isNode(node)) return undefined
      offset = node.range?.[0]
    } else return undefined
  }
  return offset
}
