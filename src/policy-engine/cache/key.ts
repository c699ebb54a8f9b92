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

/** The same for all texts that are equal as JSON: members in any order, numbers by their text. */
export const canonicalDigest = (text: string): string => hash('sha256', canonical(parseExact(text)), 'base64')

const { isRawJSON } = JSON as typeof JSON & { isRawJSON(value: unknown): boolean }

/** Members in the order of their UTF-16 units: an order is all that is needed, and this is the cheapest. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || isRawJSON(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
}
