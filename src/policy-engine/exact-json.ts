/** JSON whose numbers keep their text: 1.50, 1E400 and 12345678901234567890 reach policy and log as they were sent. */

type Reviver = (key: string, value: unknown) => unknown
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** Like JSON.parse; numbers that would change become raw JSON, which JSON.stringify writes as it was. Throws RangeError beyond `maxDepth`. */
export function parseExact(text: string, maxDepth = Number.POSITIVE_INFINITY): unknown {
  const { deepest, changesNumbers } = survey(text)
  if (deepest > maxDepth) throw new RangeError('nested too deeply')
  return changesNumbers ? JSON.parse(text, keepText as Reviver) : JSON.parse(text)
}

const [QUOTE, BACKSLASH] = [34, 92]

/** In one pass over each character, and sound for valid JSON only: the parser judges that. */
function survey(text: string): { readonly deepest: number; readonly changesNumbers: boolean } {
  let depth = 0
  let deepest = 0
  let changesNumbers = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfString(text, at)
    else if (unit === 91 || unit === 123) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (unit === 93 || unit === 125) depth -= 1
    else if (unit === 45 || isDigit(unit)) {
      const end = endOfNumber(text, at)
      changesNumbers ||= !isPlain(text, at, end) && changes(text.slice(at, end))
      at = end - 1
    }
  }
  return { deepest, changesNumbers }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  for (let unit = text.charCodeAt(at); at < text.length && unit !== QUOTE; unit = text.charCodeAt(at)) {
    at += unit === BACKSLASH ? 2 : 1
  }
  return at
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1
  for (let unit = text.charCodeAt(at); isDigit(unit) || isMark(unit); unit = text.charCodeAt(at)) at += 1
  return at
}

/** A few digits and nothing else, as most numbers are: a double writes them back the same. */
function isPlain(text: string, start: number, end: number): boolean {
  if (end - start > 15) return false
  for (let at = start; at < end; at++) if (!isDigit(text.charCodeAt(at))) return false
  return true
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57
/** One of `+-.eE`. */
const isMark = (unit: number): boolean => unit === 43 || unit === 45 || unit === 46 || unit === 69 || unit === 101
const changes = (number: string): boolean => String(Number(number)) !== number

function keepText(_key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value
}
