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

/** By arithmetic: a decoder that throws at each bad byte takes seconds for a megabyte of them. */
function decodeBroken(bytes: Uint8Array): string {
  const sound = Buffer.allocUnsafe(3 * bytes.length)
  let size = 0
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    if (length === 0) {
      sound[size++] = 0xef
      sound[size++] = 0xbf
      sound[size++] = 0xbd
      at++
    } else for (const end = at + length; at < end; ) sound[size++] = bytes[at++] as number
  }
  return sound.toString('utf8', 0, size)
}

/** Characters, and as numbers the bytes that are part of none. */
function* sequencesOf(bytes: Uint8Array): Generator<string | number> {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    const lead = bytes[at] as number
    if (length === 0) yield lead
    else yield length === 1 ? String.fromCharCode(lead) : Buffer.from(bytes.subarray(at, at + length)).toString('utf8')
    at += length === 0 ? 1 : length
  }
}

/** How many bytes the character at `at` has, 0 where none begins there: Go's utf8.DecodeRune (Unicode, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const second = bytes[at + 1] ?? 0
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  if (lead < 0xe0) return 2
  if (!isContinuation(bytes[at + 2])) return 0
  if (lead < 0xf0) return 3
  return isContinuation(bytes[at + 3]) ? 4 : 0
}

const isContinuation = (byte = 0): boolean => byte >= 0x80 && byte <= 0xbf

/** Go's strconv.IsPrint: of the spaces only the ASCII one. */
export const isPrintable = (char: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)

/** What a literal may have to escape: only that is looked at one by one. */
const NOT_PRINTABLE = /["'\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu
const NOT_ASCII = /["'\\]|[^\x20-\x7e]/gu

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
  const quoted = text.replace(ascii ? NOT_ASCII : NOT_PRINTABLE, (char) => escapeChar(char, mark, ascii))
  return `${mark}${quoted}${mark}`
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
