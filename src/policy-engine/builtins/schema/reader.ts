/** Reads a schema and refuses what is none, in the words of gojsonschema, the library that OPA uses. */
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { readAnnotations, readKeywords } from './keywords.ts'
import { type Draft, isAtLeast, newSchema, type Schema, type SchemaReader } from './model.ts'
import { isMap, type JsonNode } from './node.ts'
import { draftOf, References } from './references.ts'

export function readSchema(context: BuiltinContext, document: JsonNode): Schema {
  const references = new References(document)
  const draft = draftOf(document)
  return new Reader(context, references).read(document, draft)
}

const SCHEMA_UNITS = 200
const MAX_DEPTH = 500

class Reader implements SchemaReader {
  readonly context: BuiltinContext
  readonly #references: References
  readonly #targets = new Map<string, Schema>()
  #depth = 0

  constructor(context: BuiltinContext, references: References) {
    this.context = context
    this.#references = references
  }

  read(node: JsonNode, draft: Draft): Schema {
    const schema = newSchema(draft)
    this.#fill(schema, node)
    return schema
  }

  #fill(schema: Schema, node: JsonNode): void {
    this.context.charge(SCHEMA_UNITS)
    if (typeof node === 'boolean' && isAtLeast(schema.draft, 6)) {
      schema.pass = node
      return
    }
    if (!isMap(node)) throw new BuiltinError('Expected: valid schema, given: Invalid JSON')
    if (++this.#depth > MAX_DEPTH) throw new BuiltinError('the schema is nested too deeply')
    readAnnotations(this, schema, node)
    const address = this.#references.addressOf(node)
    if (address === undefined) readKeywords(this, schema, node)
    else this.#follow(schema, node, address)
    this.#depth--
  }

  /** Where the target is known already, the keywords beside the reference are still checked. */
  #follow(schema: Schema, node: ReadonlyMap<string, JsonNode>, address: string): void {
    const known = this.#targets.get(address)
    if (known !== undefined) {
      schema.target = known
      readKeywords(this, schema, node)
      return
    }
    const target = newSchema(schema.draft)
    this.#targets.set(address, target)
    const found = this.#references.resolve(address)
    if (typeof found !== 'boolean' && !isMap(found)) throw new BuiltinError('schema must be of type object')
    this.#fill(target, found)
    schema.target = target
  }
}
