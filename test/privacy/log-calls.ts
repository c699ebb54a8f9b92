/**
 * What the operational log and the metrics can carry, read from the source itself: each call of a logger with the names of its
 * fields, each list of labels. What cannot be read so is told as odd: it could carry anything.
 */
import { globSync, readFileSync } from 'node:fs'
import { parseAst } from 'vitest/node'

export interface Carried {
  /** Name of a field or label → files. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
  readonly odd: readonly string[]
}

export type Sources = ReadonlyMap<string, string>

/** Of the product, without its tests and what stands beside them. */
export const productSources = (root: string): Sources =>
  new Map(
    globSync('src/**/*.ts', { cwd: root })
      .filter((file) => !/(\.test|-fixture)\.ts$/.test(file))
      .map((file) => [file, readFileSync(`${root}/${file}`, 'utf8')]),
  )

interface Node {
  readonly type: string
  readonly [member: string]: unknown
}

const isNode = (value: unknown): value is Node => typeof Object(value).type === 'string'
const node = (value: unknown): Node => (isNode(value) ? value : { type: 'Missing' })
const nodes = (value: unknown): Node[] => (Array.isArray(value) ? value.filter(isNode) : [])
const nameOf = (value: unknown): string => {
  const { name, value: literal } = node(value)
  return typeof name === 'string' ? name : typeof literal === 'string' ? literal : ''
}

function* within(value: unknown, parent?: Node): Generator<readonly [Node, Node | undefined]> {
  if (Array.isArray(value)) for (const one of value) yield* within(one, parent)
  if (!isNode(value)) return
  yield [value, parent]
  for (const [member, child] of Object.entries(value)) if (member !== 'type') yield* within(child, value)
}

const parsed = (text: string): unknown => parseAst(text, { lang: 'ts' })

function collector() {
  const names = new Map<string, Set<string>>()
  const odd: string[] = []
  return {
    odd,
    names,
    carries: (name: string, file: string) => void names.set(name, (names.get(name) ?? new Set()).add(file)),
  }
}

/** `logger`, `deps.logger`, `this.#logger`. */
const isLogger = (of: unknown): boolean => {
  const { type, property } = node(of)
  return nameOf(of) === 'logger' || (type === 'MemberExpression' && nameOf(property) === 'logger')
}

/** One that is called otherwise would be overlooked: `{ logger: log }`, `(log: Logger)`, `readonly log: Logger`. */
const isMisnamed = ({ type, name, key, value, typeAnnotation }: Node): boolean => {
  if (type === 'Property' && nameOf(key) === 'logger' && node(value).type === 'Identifier') return !isLogger(value)
  if (typeAnnotation === undefined || typeAnnotation === null) return false
  const named = node(node(typeAnnotation).typeAnnotation)
  return nameOf(named.typeName) === 'Logger' && (typeof name === 'string' ? name : nameOf(key)) !== 'logger'
}

const asksLevel = ({ computed, property }: Node): boolean => computed !== true && nameOf(property) === 'level'

/** Texts of our own: what differs from call to call is a field, or is handed in by a caller who names it so. */
const isFixed = (of: unknown): boolean => {
  const { type, consequent, alternate } = node(of)
  if (type === 'ConditionalExpression') return isFixed(consequent) && isFixed(alternate)
  return type === 'Literal' || type === 'Missing' || ['what', 'why'].includes(nameOf(of))
}

/** What `describe` answers, of whom it is known by name that it makes fields. */
function returnedBy(sources: Sources, file: string, name: string): unknown[] {
  for (const [one] of within(parsed(sources.get(file) ?? '')))
    if (one.type === 'FunctionDeclaration' && nameOf(one.id) === name)
      return [...within(one.body)].flatMap(([inner]) => (inner.type === 'ReturnStatement' ? [inner.argument] : []))
  return []
}

/** The value of a constant of that file. */
function constantIn(sources: Sources, file: string, name: string): unknown {
  for (const [one] of within(parsed(sources.get(file) ?? '')))
    if (one.type === 'VariableDeclarator' && nameOf(one.id) === name) return one.init
  return undefined
}

const MAKERS: Readonly<Record<string, string>> = { describe: 'src/auth/watch.ts' }

export function logFields(sources: Sources): Carried {
  const { names, odd, carries } = collector()
  const readFields = (of: unknown, file: string): void => {
    const { type, properties, consequent, alternate, right, callee } = node(of)
    const maker = MAKERS[nameOf(callee)]
    const constant = type === 'Identifier' ? constantIn(sources, file, nameOf(of)) : undefined
    if (constant !== undefined) readFields(constant, file)
    else if (type === 'ConditionalExpression') for (const one of [consequent, alternate]) readFields(one, file)
    else if (type === 'LogicalExpression') readFields(right, file)
    else if (type === 'CallExpression' && maker !== undefined)
      for (const one of returnedBy(sources, maker, nameOf(callee))) readFields(one, file)
    else if (type !== 'ObjectExpression') odd.push(`${file}: fields by ${type}`)
    else
      for (const property of nodes(properties)) {
        if (property.type === 'SpreadElement') readFields(property.argument, file)
        else if (property.computed === true || nameOf(property.key) === '') odd.push(`${file}: a computed field`)
        else carries(nameOf(property.key), file)
      }
  }
  for (const [file, text] of sources) {
    if (!/logger/i.test(text)) continue
    for (const [one, parent] of within(parsed(text))) {
      if (isMisnamed(one)) odd.push(`${file}: a logger of another name: ${nameOf(one)}${nameOf(one.key)}`)
      if (one.type !== 'MemberExpression' || !isLogger(one.object) || asksLevel(one)) continue
      if (parent?.type !== 'CallExpression' || parent.callee !== one) {
        odd.push(`${file}: a method of the logger is handed on`)
        continue
      }
      const [fields, message, ...more] = nodes(parent.arguments)
      if (message === undefined && fields?.type === 'Literal') continue
      readFields(fields, file)
      if (!isFixed(message) || more.length > 0) odd.push(`${file}: a message that is not fixed`)
    }
  }
  return { names, odd }
}

/** Lists of strings under this name, as member, constant, or argument of a local function that has such a parameter. */
export function metricLabels(sources: Sources): Carried {
  const { names, odd, carries } = collector()
  const readLabels = (of: unknown, file: string): void => {
    const { type, elements, expression } = node(of)
    if (type === 'TSAsExpression') readLabels(expression, file)
    else if (type !== 'ArrayExpression') odd.push(`${file}: labels by ${type}`)
    else
      for (const label of nodes(elements))
        if (label.type === 'Literal') carries(nameOf(label), file)
        else odd.push(`${file}: a computed label`)
  }
  for (const [file, text] of sources) {
    if (!text.includes('labelNames')) continue
    const all = [...within(parsed(text))].map(([one]) => one)
    for (const one of all) {
      const isShort = one.shorthand === true
      if (one.type === 'Property' && nameOf(one.key) === 'labelNames' && !isShort) readLabels(one.value, file)
      if (one.type !== 'VariableDeclarator') continue
      if (nameOf(one.id) === 'labelNames') readLabels(one.init, file)
      const at = nodes(node(one.init).params).findIndex((parameter) => nameOf(parameter) === 'labelNames')
      if (at === -1) continue
      for (const call of all)
        if (call.type === 'CallExpression' && nameOf(call.callee) === nameOf(one.id))
          readLabels(nodes(call.arguments)[at], file)
    }
  }
  return { names, odd }
}
