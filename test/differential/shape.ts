/** What a policy expects its input to be: from a JSON Schema, or learnt from the rules themselves (`shape.go`). */

export interface Shape {
  readonly fields?: Readonly<Record<string, Shape>>
  /** Of an array, or of an object whose keys are any. */
  readonly elem?: Shape
  /** JSON values that the place may hold. */
  readonly literals?: readonly unknown[]
  readonly types?: readonly string[]
}

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
}

/** Of the part of JSON Schema that the contract is written in. */
export function shapeOf(schema: object): Shape {
  const { type, properties, patternProperties, items, anyOf, enum: choices, const: only } = schema as Schema
  const elem = items ?? Object.values(patternProperties ?? {})[0]
  const own: Shape = {
    ...(properties && {
      fields: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, shapeOf(part)])),
    }),
    ...(elem && { elem: shapeOf(elem) }),
    literals: [...(choices ?? []), ...(only === undefined ? [] : [only])],
    types: type === undefined ? [] : [type === 'integer' ? 'number' : type],
  }
  return (anyOf ?? []).map(shapeOf).reduce(merge, own)
}

export function merge(left: Shape, right: Shape): Shape {
  const fields = { ...left.fields }
  for (const [name, shape] of Object.entries(right.fields ?? {})) {
    const found = fields[name]
    fields[name] = found === undefined ? shape : merge(found, shape)
  }
  const elem = left.elem && right.elem ? merge(left.elem, right.elem) : (left.elem ?? right.elem)
  return {
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(elem && { elem }),
    literals: [...(left.literals ?? []), ...(right.literals ?? [])],
    types: [...new Set([...(left.types ?? []), ...(right.types ?? [])])],
  }
}
