/**
 * YAML text to a value, as OPA reads it: the first document counts, the others must only parse; keys become strings, the last of
 * equal ones wins, `<<` merges. Parsed by the `yaml` package; what a scalar means is go-yaml's.
 */
import type { Document, Node, Pair, Scalar, YAMLMap } from 'yaml'
import { numberText } from '../../wasm/number.ts'
import { isNumber, RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { decodeBase64 } from '../encoding/base64.ts'
import { formatFloat } from '../text/fmt-float.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { yaml } from './package.ts'
import { holdsForbidden, type Scalar as Resolved, resolvePlain, resolveTagged } from './scalars.ts'
import { checkStructure, flowKeySuffix, scalarText } from './source.ts'

/** The parser takes several microseconds for a character of dense text. */
export const PARSE_UNITS = 600
export const NODE_UNITS = 20
/** Deeper values are refused: what walks them is recursive. */
const MAX_DEPTH = 1000

export function readYaml(context: Pick<BuiltinContext, 'charge'>, text: string): Value {
  context.charge(text.length * PARSE_UNITS)
  if (holdsForbidden(text)) throw new BuiltinError('yaml: control characters are not allowed')
  // U+0085 is a line end of YAML 1.1, and read as one.
  const source = text.replaceAll('\x85', '\n')
  const documents = parse(source)
  for (const { contents } of documents) checkStructure(contents, source)
  const [first] = documents
  return first?.contents ? new Reader(context, source).read(first.contents, 0) : null
}

function parse(text: string): readonly Document[] {
  try {
    const parsed = yaml().parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    })
    const documents: readonly Document[] = Array.isArray(parsed) ? parsed : []
    const error = documents.flatMap(({ errors }) => errors).at(0)
    if (error !== undefined) throw new BuiltinError(`yaml: ${error.code} at offset ${error.pos[0]}`)
    return documents
  } catch (error) {
    if (error instanceof RangeError) throw new BuiltinError('yaml: exceeded max depth')
    throw error
  }
}

interface Anchored {
  readonly node: Node
  readonly value: Value
  /** Nodes below. */
  readonly size: number
}

class Reader {
  readonly #context: Pick<BuiltinContext, 'charge'>
  readonly #source: string
  readonly #anchors = new Map<string, Anchored | 'open'>()
  #read = 0
  #fromAliases = 0

  constructor(context: Pick<BuiltinContext, 'charge'>, text: string) {
    this.#context = context
    this.#source = text
  }

  read(node: unknown, depth: number): Value {
    if (depth > MAX_DEPTH) throw new BuiltinError('yaml: exceeded max depth')
    this.#count(1)
    if (yaml().isAlias(node)) return this.#anchored(node.source).value
    const before = this.#read
    const anchor = yaml().isScalar(node) || yaml().isMap(node) || yaml().isSeq(node) ? node.anchor : undefined
    if (anchor !== undefined) this.#anchors.set(anchor, 'open')
    const value = this.#content(node, depth)
    if (anchor !== undefined) this.#anchors.set(anchor, { node: node as Node, value, size: this.#read - before })
    return value
  }

  #content(node: unknown, depth: number): Value {
    if (yaml().isSeq(node)) return node.items.map((item) => this.read(item, depth + 1))
    if (yaml().isMap(node)) return this.#object(node, depth)
    return yaml().isScalar(node) ? jsonValue(this.#resolve(node)) : null
  }

  /** An alias counts as much as what it stands for. */
  #anchored(name: string): Anchored {
    const found = this.#anchors.get(name)
    if (found === undefined) throw new BuiltinError(`yaml: unknown anchor '${name}' referenced`)
    if (found === 'open') throw new BuiltinError(`yaml: anchor '${name}' value contains itself`)
    this.#fromAliases += found.size + 1
    this.#count(found.size + 1)
    return found
  }

  #object(map: YAMLMap, depth: number): RegoObject {
    const own = new Map<string, () => Value>()
    const merged: [Value, Value][] = []
    for (const pair of map.items) {
      if (isMerge(pair.key)) {
        merged.unshift(...this.#merged(pair.value, depth))
        continue
      }
      const suffix = map.flow === true ? flowKeySuffix(pair, this.#source) : ''
      own.set(
        this.#key(pair, depth) + suffix,
        attempt(() => this.read(pair.value, depth + 1)),
      )
    }
    return new RegoObject([...merged, ...[...own].map(([key, value]): [Value, Value] => [key, value()])])
  }

  #key({ key }: Pair, depth: number): string {
    this.#count(1)
    const node = yaml().isAlias(key) ? this.#anchored(key.source).node : key
    if (!yaml().isScalar(node))
      throw new BuiltinError(node == null ? 'unsupported map key of type: null' : 'yaml: invalid map key')
    if (node === key) this.read(node, depth + 1)
    return keyText(this.#resolve(node))
  }

  #resolve(node: Scalar): Resolved {
    return resolve(node, scalarText(node, this.#source))
  }

  /** The first map that has a key wins, so it comes last. */
  #merged(value: unknown, depth: number): [Value, Value][] {
    const sources = yaml().isSeq(value) ? [...value.items].reverse() : [value]
    return sources.flatMap((source): [Value, Value][] => {
      const read = this.read(source, depth + 1)
      if (read instanceof RegoObject) return [...read].map(([key, member]) => [key, member])
      throw new BuiltinError('yaml: map merge requires map or sequence of maps as the value')
    })
  }

  /** go-yaml's bound for what aliases may make of a small text. */
  #count(nodes: number): void {
    this.#read += nodes
    this.#context.charge(nodes * NODE_UNITS)
    if (this.#fromAliases > 100 && this.#read > 1000 && this.#fromAliases / this.#read > allowedRatio(this.#read)) {
      throw new BuiltinError('yaml: document contains excessive aliasing')
    }
  }
}

/** What cannot be read matters only if no later value takes its place. */
function attempt(read: () => Value): () => Value {
  try {
    const value = read()
    return () => value
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error
    return () => {
      throw error
    }
  }
}

function allowedRatio(read: number): number {
  const [few, many] = [400_000, 4_000_000]
  if (read <= few) return 0.99
  return read >= many ? 0.1 : 0.99 - (0.89 * (read - few)) / (many - few)
}

const isMerge = (key: unknown): boolean =>
  yaml().isScalar(key) && key.value === '<<' && key.type === 'PLAIN' && (key.tag === undefined || key.tag === '!')

const CORE = 'tag:yaml.org,2002:'
const CORE_TAGS = new Set(['str', 'bool', 'int', 'float', 'null'])

function resolve(node: Scalar, text: string): Resolved {
  const tag = node.tag === '!' ? undefined : node.tag
  if (tag === undefined) return node.type === 'PLAIN' ? resolvePlain(text) : { kind: 'str', value: text }
  if (!tag.startsWith(CORE)) return { kind: 'str', value: text }
  const name = tag.slice(CORE.length)
  if (name === 'binary') return { kind: 'str', value: decodeUtf8(binary(text)) }
  if (name === 'timestamp') throw new BuiltinError('yaml: times are not supported')
  return CORE_TAGS.has(name) ? resolveTagged(name, text) : { kind: 'str', value: text }
}

function jsonValue({ value, double }: Resolved): Value {
  if (double === undefined || Number.isFinite(double)) return value
  throw new BuiltinError(`json: unsupported value: ${double}`)
}

function binary(text: string): Buffer {
  try {
    return decodeBase64(text)
  } catch {
    throw new BuiltinError('yaml: !!binary value contains invalid base64 data')
  }
}

/** Floats are written at the precision of 32 bits. */
function keyText({ kind, value, double }: Resolved): string {
  if (kind === 'null') throw new BuiltinError('unsupported map key of type: null')
  if (double !== undefined) return floatKey(double)
  return isNumber(value) ? numberText(value) : String(value)
}

function floatKey(double: number): string {
  const single = Math.fround(double)
  if (Number.isNaN(single)) return '.nan'
  if (!Number.isFinite(single)) return single < 0 ? '-.inf' : '.inf'
  const digits =
    [1, 2, 3, 4, 5, 6, 7, 8].find((count) => Math.fround(Number(single.toPrecision(count))) === single) ?? 9
  return formatFloat(Number(single.toPrecision(digits)), 'g', -1)
}
