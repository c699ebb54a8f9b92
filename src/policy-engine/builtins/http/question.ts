/** What tells one question of `http.send` from another. */
import { createHash } from 'node:crypto'
import { canonicalKey, isArray, isObject, RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'

/**
 * The request without the headers that it says do not count: requests that differ in those alone share an answer. A digest,
 * so that no credentials are kept as keys. Throws BuiltinError.
 */
export function questionKey(request: RegoObject): string {
  const entries = new Map<Value, Value>(request)
  const ignored = entries.get('cache_ignored_headers')
  const headers = entries.get('headers')
  entries.set('cache_ignored_headers', null)
  if (ignored !== undefined && headers !== undefined) {
    if (!isArray(ignored) || !ignored.every((name) => typeof name === 'string')) {
      throw new BuiltinError('cache_ignored_headers must be an array of strings')
    }
    const names: ReadonlySet<Value> = new Set<Value>(ignored)
    if (isObject(headers)) entries.set('headers', new RegoObject([...headers].filter(([name]) => !names.has(name))))
  }
  return createHash('sha256')
    .update(canonicalKey(new RegoObject(entries)))
    .digest('base64')
}
