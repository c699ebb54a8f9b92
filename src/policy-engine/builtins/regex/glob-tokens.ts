/** The globs of regex.globs_match: characters, dots and sets, each perhaps repeated by + or *. */
import { BuiltinError } from '../builtin.ts'

export type Repeat = '' | '+' | '*'

export interface Token {
  /** Code points in order, apart from each other; undefined is the dot, which stands for any. */
  readonly ranges: readonly CodeRange[] | undefined
  /** A set is no character, even with one member. */
  readonly isSet: boolean
  readonly repeat: Repeat
}

type CodeRange = readonly [number, number]

/** Equal neighbours that both repeat are one. */
export function readGlob(text: string): Token[] {
  const reader = new GlobReader(text)
  const tokens: Token[] = []
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    const last = tokens.at(-1)
    if (last === undefined || last.repeat === '' || token.repeat === '' || !isSame(last, token)) tokens.push(token)
    else tokens[tokens.length - 1] = { ...last, repeat: last.repeat === '+' || token.repeat === '+' ? '+' : '*' }
  }
  return tokens
}

const isSame = (a: Token, b: Token): boolean => a.isSet === b.isSet && String(a.ranges) === String(b.ranges)

class GlobReader {
  readonly #text: string
  readonly #runes: readonly string[]
  #at = 0
  constructor(text: string) {
    this.#text = text
    this.#runes = [...text]
  }

  next(): Token | undefined {
    const rune = this.#rune()
    if (rune === undefined) return undefined
    if (rune.escaped) return this.#repeated([[rune.code, rune.code]])
    switch (rune.char) {
      case '.':
        return this.#repeated(undefined)
      case '[':
        return this.#repeated(this.#set(), true)
      case ']':
        throw this.#invalid("set-close ']' with no preceding '['")
      case '+':
      case '*':
        throw this.#invalid(`flag '${rune.char}' must be preceded by a non-flag`)
      default:
        return this.#repeated([[rune.code, rune.code]])
    }
  }

  #repeated(ranges: readonly CodeRange[] | undefined, isSet = false): Token {
    const next = this.#runes[this.#at]
    // A backslash at the end is an error already here.
    if (next === '\\' && this.#at === this.#runes.length - 1) this.#rune()
    const repeat = next === '+' || next === '*' ? next : ''
    if (repeat !== '') this.#at++
    return { ranges, isSet, repeat }
  }

  #set(): CodeRange[] {
    const ranges: CodeRange[] = []
    let previous: number | undefined
    for (let rune = this.#rune(); rune !== undefined; rune = this.#rune()) {
      if (rune.char === ']' && !rune.escaped) return merged(ranges)
      if (rune.char === '-' && !rune.escaped) {
        ranges.push(this.#range(previous))
        previous = undefined
      } else {
        ranges.push([rune.code, rune.code])
        previous = rune.code
      }
    }
    throw this.#invalid('found [ without matching ]')
  }

  #range(from: number | undefined): CodeRange {
    if (from === undefined) throw this.#invalid("range character '-' must be preceded by a Unicode character")
    if (this.#at >= this.#runes.length - 1) {
      throw this.#invalid("range character '-' must be followed by a Unicode character")
    }
    const rune = this.#rune()
    if (rune === undefined || (!rune.escaped && (rune.char === ']' || rune.char === '-'))) {
      throw this.#invalid("range character '-' cannot be followed by a special symbol")
    }
    if (rune.code < from) {
      const [low, high] = [rune.char, String.fromCodePoint(from)]
      throw this.#invalid(`range is out of order: '${low}' comes before '${high}' in Unicode`)
    }
    return [from, rune.code]
  }

  #rune(): { readonly char: string; readonly code: number; readonly escaped: boolean } | undefined {
    const first = this.#runes[this.#at]
    if (first === undefined) return undefined
    const escaped = first === '\\'
    const char = escaped ? this.#runes[this.#at + 1] : first
    if (char === undefined) {
      throw new BuiltinError(
        `input:${this.#text}, pos:${this.#at}, input ends with a \\ (escape) character: ${INVALID}`,
      )
    }
    this.#at += escaped ? 2 : 1
    return { char, code: char.codePointAt(0) ?? 0, escaped }
  }

  #invalid(message: string): BuiltinError {
    return new BuiltinError(`input:${this.#text}, pos:${this.#at}, ${message}: ${INVALID}`)
  }
}

const INVALID = 'the input provided is invalid'

function merged(ranges: readonly CodeRange[]): CodeRange[] {
  const result: CodeRange[] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last !== undefined && from <= last[1] + 1) result[result.length - 1] = [last[0], Math.max(last[1], to)]
    else result.push([from, to])
  }
  return result
}
