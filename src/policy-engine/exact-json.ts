/** JSON whose numbers keep their text: 1.50, 1E400 and 12345678901234567890 reach policy and log as they were sent. */

/** Numbers that a double may not write back the same; most texts hold none, and IP addresses are none. */
const SUSPECTS = /(?:^|[[:,])\s*(-0|-?\d{16}\d*|-?\d+[.eE])([\d.eE+-]*)/g

type Reviver = (key: string, value: unknown) => unknown
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** Like JSON.parse; numbers that would change become raw JSON, which JSON.stringify writes as it was. */
export const parseExact = (text: string): unknown =>
  changesNumbers(text) ? JSON.parse(text, keepText as Reviver) : JSON.parse(text)

/** What only looks like a number, within a string, costs time and nothing else. */
function changesNumbers(text: string): boolean {
  for (const [, head = '', tail = ''] of text.matchAll(SUSPECTS)) {
    if (String(Number(head + tail)) !== head + tail) return true
  }
  return false
}

function keepText(_key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value
}
