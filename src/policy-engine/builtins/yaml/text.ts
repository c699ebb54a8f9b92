/** How go-yaml v3 writes a string: plain where that reads back as a string, else quoted, or as a literal block if it has lines. */
import { resolvePlain } from './scalars.ts'

const OLD_BOOLEANS = new Set(
  ['y', 'yes', 'on', 'n', 'no', 'off'].flatMap((word) => [word, word.toUpperCase(), capital(word)]),
)
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

export interface WrittenText {
  readonly text: string
  /** It ends with a line end of its own. */
  readonly endsLine: boolean
}

const BREAKS = '\n\r\x85\u2028\u2029'

/** `indent` is that of the lines of a block. */
export function writeText(text: string, indent: number): WrittenText {
  const readsBack = resolvePlain(text).kind === 'str' && !OLD_BOOLEANS.has(text) && !BASE_60.test(text)
  const traits = analyze(text)
  if (text.includes('\n')) return traits.allowsBlock ? literal(text, indent) : inline(doubleQuoted(text))
  if (!readsBack) return inline(doubleQuoted(text))
  if (traits.allowsPlain) return inline(text)
  return inline(traits.allowsSingle ? singleQuoted(text, indent) : doubleQuoted(text))
}

export const inline = (text: string): WrittenText => ({ text, endsLine: false })

interface Traits {
  readonly allowsPlain: boolean
  readonly allowsSingle: boolean
  readonly allowsBlock: boolean
}

/** What a plain text may not begin with, nor hold. */
const LEADING_INDICATOR = /^(---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?=[ \t\n\r\x85\u2028\u2029]|$))/
const INNER_INDICATOR = /.:(?=[ \t\n\r\x85\u2028\u2029]|$)|[ \t\n\r\x85\u2028\u2029]#/s
/** go-yaml takes nothing beyond the basic plane for printable. */
const UNPRINTABLE = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/
const BREAK = `[${BREAKS}]`
const BREAK_SPACE = new RegExp(`${BREAK} `)
const SPACE_BREAK = new RegExp(` ${BREAK}`)
const OUTER_BLANK = new RegExp(`^[ ${BREAKS}]|[ ${BREAKS}]$`)
const ANY_BREAK = new RegExp(BREAK)

function analyze(text: string): Traits {
  const hasBreaks = ANY_BREAK.test(text)
  const isSpecial = SPACE_BREAK.test(text) || UNPRINTABLE.test(text)
  const allowsSingle = !BREAK_SPACE.test(text) && !isSpecial && !text.includes('\t')
  const hasIndicator = LEADING_INDICATOR.test(text) || INNER_INDICATOR.test(text)
  return {
    allowsPlain: allowsSingle && !hasBreaks && !OUTER_BLANK.test(text) && !hasIndicator,
    allowsSingle,
    allowsBlock: !isSpecial && !text.endsWith(' '),
  }
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
}

function doubleQuoted(text: string): string {
  let quoted = '"'
  // go-yaml asks whether the text begins with a byte order mark, and then escapes all of it.
  const escapesAll = text.startsWith('\ufeff')
  for (const char of text) quoted += escapesAll || mustEscape(char) ? escaped(char) : char
  return `${quoted}"`
}

const mustEscape = (char: string): boolean =>
  char === '"' || char === '\\' || char === '\t' || BREAKS.includes(char) || UNPRINTABLE.test(char)

function escaped(char: string): string {
  const short = SHORT_ESCAPES[char]
  if (short !== undefined) return `\\${short}`
  const code = char.codePointAt(0) ?? 0
  const hex = code.toString(16).toUpperCase()
  if (code === 0xa0) return '\\_'
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** A line end within, which is never `\n` here, is followed by an indented line. */
function singleQuoted(text: string, indent: number): string {
  return `'${breakLines(text.replaceAll("'", "''"), indent, false)}'`
}

function literal(text: string, indent: number): WrittenText {
  const hint = /^[ \n\r\x85\u2028\u2029]/.test(text) ? '2' : ''
  const chars = [...text]
  const [last = '', before] = [chars.at(-1), chars.at(-2)]
  const chomp = !BREAKS.includes(last) ? '-' : before === undefined || BREAKS.includes(before) ? '+' : ''
  const lines = breakLines(text, indent, true)
  return { text: `|${hint}${chomp}\n${lines}`, endsLine: BREAKS.includes(last) }
}

function breakLines(text: string, indent: number, startsLine: boolean): string {
  let written = ''
  let atStart = startsLine
  for (const char of text) {
    const isBreak = BREAKS.includes(char)
    if (atStart && !isBreak) written += ' '.repeat(indent)
    written += char
    atStart = isBreak
  }
  return written
}
