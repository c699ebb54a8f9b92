/** `$id` and `$ref` (JSON Schema draft 7, 8) within one document. What lies elsewhere is never fetched. */
import { BuiltinError } from '../builtin.ts'
import type { Draft } from './model.ts'
import { isList, isMap, type JsonNode } from './node.ts'

/** Where a document without an address of its own stands. */
const NOWHERE = 'schema://nowhere/'

const DRAFTS: Readonly<Record<string, Draft>> = {
  'http://json-schema.org/draft-04/schema': 4,
  'http://json-schema.org/draft-06/schema': 6,
  'http://json-schema.org/draft-07/schema': 7,
}

export class References {
  readonly #documents = new Map<string, JsonNode>()
  /** Of each object with a `$ref`, the address meant. */
  readonly #targets = new Map<JsonNode, string>()

  constructor(root: JsonNode) {
    this.#collect(root, NOWHERE)
    this.#documents.set(NOWHERE, root)
  }

  addressOf(node: JsonNode): string | undefined {
    return this.#targets.get(node)
  }

  /** A fragment that is no JSON pointer (RFC 6901) is passed over. */
  resolve(address: string): JsonNode {
    const known = this.#documents.get(address)
    if (known !== undefined) return known
    const [base = '', fragment = ''] = address.split('#', 2)
    const document = this.#documents.get(base)
    if (document === undefined) throw new BuiltinError(`Reference ${address.replace(NOWHERE, '')} must be canonical`)
    return fragment.startsWith('%2F') || fragment.startsWith('/') ? pointed(document, decode(fragment)) : document
  }

  #collect(node: JsonNode, base: string): void {
    if (isList(node)) for (const member of node) this.#collect(member, base)
    if (!isMap(node)) return
    const id = node.get(node.has('id') ? 'id' : '$id')
    const here = typeof id === 'string' ? (absolute(id, base) ?? base) : base
    if (typeof id === 'string' && absolute(id, base) !== undefined) this.#register(here, node)
    const reference = node.get('$ref')
    if (typeof reference === 'string') this.#targets.set(node, absolute(reference, here) ?? reference)
    for (const [key, member] of node) {
      if (key === 'const' || key === 'enum') continue
      const isNamed = key === 'properties' || key === 'dependencies' || key === 'patternProperties'
      // Names are not keywords: a property may be called "$ref".
      if (!isNamed) this.#collect(member, here)
      else if (isMap(member)) for (const child of member.values()) this.#collect(child, here)
    }
  }

  #register(address: string, node: JsonNode): void {
    if (this.#documents.has(address))
      throw new BuiltinError(`Reference already exists: "${address.replace(NOWHERE, '')}"`)
    this.#documents.set(address, node)
  }
}

/** An empty fragment is none. */
function absolute(reference: string, base: string): string | undefined {
  const [plain = ''] = base.split('#', 1)
  return URL.canParse(reference, plain) ? new URL(reference, plain).href.replace(/#$/, '') : undefined
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    throw new BuiltinError('invalid URL escape in a reference')
  }
}

function pointed(document: JsonNode, pointer: string): JsonNode {
  let node = document
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const next = isMap(node) ? node.get(key) : isList(node) && /^\d+$/.test(key) ? node[Number(key)] : undefined
    if (next === undefined) throw new BuiltinError(`Object has no key '${key}'`)
    node = next
  }
  return node
}

export function draftOf(node: JsonNode): Draft {
  if (typeof node === 'boolean') return 'any'
  if (!isMap(node)) throw new BuiltinError('schema is invalid')
  const address = node.get('$schema')
  if (address === undefined) return 'any'
  if (typeof address !== 'string') throw new BuiltinError('$schema must be of type string')
  return DRAFTS[address.replace(/#$/, '')] ?? 'any'
}
