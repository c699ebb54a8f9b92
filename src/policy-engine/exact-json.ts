/** JSON whose numbers keep their text: 1.50, 1E400 and 12345678901234567890 reach policy and log as they were sent. */

/** Text that may hold a number which a double does not write back the same; most texts hold none, and IP addresses are none. */
const SUSPECT = /(?:^|[[:,])\s*(?:-0|-?\d{16}|-?\d+[.eE])/

type Reviver = (key: string, value: unknown) => unknown
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** Like JSON.parse; numbers that would change become raw JSON, which JSON.stringify writes as it was. */
export const parseExact = (text: string): unknown =>
  SUSPECT.test(text) ? JSON.parse(text, keepText as Reviver) : JSON.parse(text)

function keepText(_key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value
}
