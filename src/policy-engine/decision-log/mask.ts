/** Applies what `system.log.mask` answered to an event (OPA, "Masking Sensitive Data"). Out of shape: input and result go. */
import type { Static } from '../../schema/type.ts'
import type { MaskResult } from '../contract/system.ts'
import { parseExact } from '../exact-json.ts'

type Mask = Static<typeof MaskResult>
type Operation = Exclude<Mask[number], string>

const POINTER = /^\/(input|result|nd_builtin_cache)(\/|$)/

const RESULT = /^\/result(\/|$)/

/** The contract's schema by hand, held equal to it by test: threads that only answer the Data API load no schemas. */
export const isMask = (value: unknown): value is Mask => Array.isArray(value) && value.every(isRule)

function isRule(rule: unknown): boolean {
  if (typeof rule === 'string') return POINTER.test(rule)
  if (!isNode(rule) || Array.isArray(rule)) return false
  const { op, path, value: _value, ...rest } = rule
  if (typeof path !== 'string' || !POINTER.test(path)) return false
  return (op === 'remove' || op === 'upsert') && Object.keys(rest).length === 0
}

type Node = Record<string, unknown> | unknown[]
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/**
 * The event's text after masking, or undefined where the mask is none: then nothing of the event may be written. `onFacts`
 * hears of each change to what the decision was judged by.
 */
export function applyMask(eventText: string, mask: unknown, onFacts: () => void = () => {}): string | undefined {
  if (!isMask(mask)) return undefined
  if (mask.length === 0) return eventText
  const event = parseExact(eventText)
  if (!isNode(event) || Array.isArray(event)) return undefined
  const erased: unknown[] = Array.isArray(event.erased) ? event.erased : []
  const masked: string[] = []
  for (const rule of mask) {
    const operation: Operation = typeof rule === 'string' ? { op: 'remove', path: rule } : rule
    const done = apply(event, operation)
    if (!done) continue
    const { op, path } = operation
    if (!RESULT.test(path)) onFacts()
    if (op === 'remove') erased.push(path)
    else masked.push(path)
  }
  if (erased.length > 0) event.erased = erased
  if (masked.length > 0) event.masked = masked
  return JSON.stringify(event)
}

/** True when something was there to remove, or could be set. RFC 6901 pointers. */
function apply(event: Record<string, unknown>, operation: Operation): boolean {
  const keys = operation.path.slice(1).split('/').map(unescapeSegment)
  const last = keys.pop()
  let parent: unknown = event
  for (const key of keys) parent = isNode(parent) ? member(parent, key) : undefined
  if (last === undefined || !isNode(parent)) return false
  if (operation.op === 'upsert') return set(parent, last, operation.value ?? null)
  if (member(parent, last) === undefined) return false
  // Taking an element out would move those behind it away from the next pointer.
  if (Array.isArray(parent)) return set(parent, last, null)
  return delete parent[last]
}

const member = (node: Node, key: string): unknown =>
  Object.hasOwn(node, key) ? (node as Record<string, unknown>)[key] : undefined

function set(node: Node, key: string, value: unknown): boolean {
  if (Array.isArray(node)) {
    const index = Number(key)
    if (!Object.hasOwn(node, key) || !Number.isSafeInteger(index)) return false
    node[index] = value
  } else {
    Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return true
}

const unescapeSegment = (segment: string): string => segment.replaceAll('~1', '/').replaceAll('~0', '~')
