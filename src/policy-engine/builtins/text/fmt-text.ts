/** Strings under Go's fmt. */
import { type Directive, pad } from './fmt-state.ts'
import { quoteGo, utf8 } from './go-text.ts'

/** Undefined for a verb that strings don't have. */
export function printString(directive: Directive, text: string, verb: string): string | undefined {
  switch (verb) {
    case 'v':
      return directive.sharpV ? printQuoted(directive, text) : pad(directive, cut(directive, text))
    case 's':
      return pad(directive, cut(directive, text))
    case 'q':
      return printQuoted(directive, text)
    case 'x':
    case 'X':
      return printBytes(directive, text, verb)
    default:
      return undefined
  }
}

/** To so many code points. */
const cut = ({ precision }: Directive, text: string): string =>
  precision === undefined || text.length <= precision ? text : [...text].slice(0, precision).join('')

/** What Go can put between backquotes: one line, no control character but a tab. */
const isRaw = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  !/[\x00-\x08\x0a-\x1f\x7f`\ufeff]/.test(text)

function printQuoted(directive: Directive, text: string): string {
  const shown = cut(directive, text)
  if (directive.sharp && isRaw(shown)) return pad(directive, `\`${shown}\``)
  return pad(directive, quoteGo(shown, { ascii: directive.plus }))
}

/** Hexadecimal; the precision counts bytes, and a space parts them. */
function printBytes(directive: Directive, text: string, verb: 'x' | 'X'): string {
  const bytes = utf8(text).subarray(0, directive.precision)
  const prefix = directive.sharp ? `0${verb}` : ''
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
  const cased = verb === 'X' ? digits.map((pair) => pair.toUpperCase()) : digits
  if (cased.length === 0) return pad(directive, '')
  return pad(directive, prefix + cased.join(directive.space ? ` ${prefix}` : ''))
}
