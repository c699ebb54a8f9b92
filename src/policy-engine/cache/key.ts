/**
 * Keys of the decision cache. Making the canonical form costs more than many an evaluation, so that a question is first looked
 * up by its JSON text as it is; only where that is unknown by the digest of the canonical form.
 */
import { hash } from 'node:crypto'
import { parseExact } from '../exact-json.ts'

/** V8 hashes a long string by its length only: a map full of such keys would be searched one by one. */
const MAX_TEXT_KEY = 4096

/** The text itself while it is short, else its digest. JSON never begins with `#`. */
export const textKey = (text: string): string =>
  text.length <= MAX_TEXT_KEY ? text : `#${hash('sha256', text, 'base64')}`

/** The last one is at hand: what a look-up did not find is kept under it a moment later. */
let last = { text: '', digest: '' }

/** The same for all texts that are equal as JSON: members in any order, numbers by their text. */
export function canonicalDigest(text: string): string {
  if (last.text !== text) last = { text, digest: hash('sha256', JSON.stringify(sorted(parseExact(text))), 'base64') }
  return last.digest
}

const { isRawJSON } = JSON as typeof JSON & { isRawJSON(value: unknown): boolean }

/** Members in the order of their UTF-16 units, but integers first, as every object has them: an order is all that is needed. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  if (isRawJSON(value)) return value
  const members = value as Readonly<Record<string, unknown>>
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(members).sort()) {
    const member = sorted(members[key])
    if (key !== '__proto__') copy[key] = member
    else Object.defineProperty(copy, key, { value: member, enumerable: true })
  }
  return copy
}
