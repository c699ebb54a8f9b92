/** Text as Go handles it: bytes that are no UTF-8 become U+FFFD one by one, and strings are quoted as strconv.Quote does. */

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** WHATWG's decoder would put one U+FFFD for a cut sequence of several bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return decodeBroken(bytes)
  }
}

const decodeBroken = (bytes: Uint8Array): string =>
  [...sequencesOf(bytes)].map((sequence) => (typeof sequence === 'string' ? sequence : '\ufffd')).join('')

/** Characters, and as numbers the bytes that are part of none. */
function* sequencesOf(bytes: Uint8Array): Generator<string | number> {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const length = sequenceLength(lead)
    const sequence = bytes.subarray(at, at + length)
    const char = sequence.length === length ? decodeSequence(sequence) : undefined
    yield char ?? lead
    at += char === undefined ? 1 : length
  }
}

const sequenceLength = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

function decodeSequence(sequence: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(sequence)
  } catch {
    return undefined
  }
}

/** Go's strconv.IsPrint: of the spaces only the ASCII one. */
export const isPrintable = (char: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

export interface QuoteOptions {
  readonly mark?: '"' | "'"
  /** Escape whatever is not ASCII. */
  readonly ascii?: boolean
}

/** A Go string literal; with `mark: "'"` a rune literal. */
export function quoteGo(text: string, { mark = '"', ascii = false }: QuoteOptions = {}): string {
  let quoted = mark as string
  for (const char of text) quoted += escapeChar(char, mark, ascii)
  return quoted + mark
}

/** As quoteGo, where the text may have been cut within a character. */
export function quoteGoBytes(bytes: Uint8Array): string {
  const parts = [...sequencesOf(bytes)]
  return `"${parts.map((part) => (typeof part === 'string' ? escapeChar(part, '"', false) : `\\x${hex(part, 2)}`)).join('')}"`
}

function escapeChar(char: string, mark: string, ascii: boolean): string {
  if (char === mark || char === '\\') return `\\${char}`
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80 ? code >= 0x20 && code < 0x7f : !ascii && isPrintable(char)) return char
  const short = SHORT_ESCAPES[char]
  if (short !== undefined) return short
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0')

/** Go's strings.ToLower: rune by rune, so that no letter becomes two and a final sigma is no other letter. */
export function lowerGo(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase()
  return [...text].map((char) => (char === '\u0130' ? 'i' : char.toLowerCase())).join('')
}

/** How many code points. */
export function runeCount(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

export const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')
