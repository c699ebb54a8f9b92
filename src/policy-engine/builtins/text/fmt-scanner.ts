/** Reads the directives of a Go format string: flags, explicit argument numbers, width, precision, verb. */
import { type Directive, plainDirective } from './fmt-state.ts'

/** Width and precision may come from arguments. */
export interface Arguments {
  readonly count: number
  /** Undefined where the argument is no integer that fits. */
  integerAt(index: number): number | undefined
}

const MAX_NUMBER = 1_000_000

const FLAGS: Readonly<Record<string, 'minus' | 'plus' | 'sharp' | 'space' | 'zero'>> = {
  '-': 'minus',
  '+': 'plus',
  '#': 'sharp',
  ' ': 'space',
  '0': 'zero',
}

export class FormatScanner {
  readonly #format: string
  readonly #args: Arguments
  #at = 0
  /** The next argument. */
  index = 0
  /** Arguments were taken out of order, so that none can be said to be left over. */
  reordered = false
  isIndexGood = true
  /** What Go complains of before it prints the verb. */
  complaint = ''
  directive: Directive = plainDirective()

  constructor(format: string, args: Arguments) {
    this.#format = format
    this.#args = args
  }

  /** Text up to the next directive, or to the end. */
  literal(): string {
    const from = this.#at
    const percent = this.#format.indexOf('%', from)
    this.#at = percent < 0 ? this.#format.length : percent
    return this.#format.slice(from, this.#at)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#format.length
  }

  /** Reads one directive, its percent sign first, and answers the verb; undefined where the format ends. */
  verb(): string | undefined {
    this.#at++
    this.isIndexGood = true
    this.complaint = ''
    this.directive = plainDirective()
    this.#flags()
    const widthIndexed = this.#width(this.#argumentNumber())
    const indexed = this.#precision(widthIndexed)
    if (!indexed) this.#argumentNumber()
    const code = this.#format.codePointAt(this.#at)
    if (code === undefined) return undefined
    const verb = String.fromCodePoint(code)
    this.#at += verb.length
    return verb
  }

  #flags(): void {
    for (; ; this.#at++) {
      const flag = FLAGS[this.#format[this.#at] ?? '']
      if (flag === undefined) return
      this.directive[flag] = true
    }
  }

  /** Whether an argument number is still pending for what follows. */
  #width(indexed: boolean): boolean {
    if (this.#format[this.#at] !== '*') {
      this.directive.width = this.#number()
      if (indexed && this.directive.width !== undefined) this.isIndexGood = false
      return indexed
    }
    this.#at++
    const width = this.#integerArgument()
    if (width === undefined) this.complaint += '%!(BADWIDTH)'
    if (width !== undefined && width < 0) {
      this.directive.minus = true
      this.directive.zero = false
    }
    this.directive.width = width === undefined ? undefined : Math.abs(width)
    return false
  }

  #precision(indexed: boolean): boolean {
    if (this.#format[this.#at] !== '.' || this.#at + 1 >= this.#format.length) return indexed
    this.#at++
    if (indexed) this.isIndexGood = false
    const nowIndexed = this.#argumentNumber()
    if (this.#format[this.#at] !== '*') {
      this.directive.precision = this.#number() ?? 0
      return nowIndexed
    }
    this.#at++
    const precision = this.#integerArgument()
    if (precision === undefined || precision < 0) this.complaint += '%!(BADPREC)'
    else this.directive.precision = precision
    return false
  }

  /** A number too large sends Go to the end of the format. */
  #number(): number | undefined {
    let value: number | undefined
    for (; isDigit(this.#format[this.#at]); this.#at++) {
      if ((value ?? 0) > MAX_NUMBER) {
        this.#at = this.#format.length
        return undefined
      }
      value = (value ?? 0) * 10 + Number(this.#format[this.#at])
    }
    return value
  }

  #integerArgument(): number | undefined {
    const value = this.#args.integerAt(this.index)
    if (this.index < this.#args.count) this.index++
    return value !== undefined && Math.abs(value) <= MAX_NUMBER ? value : undefined
  }

  /** `[3]`: the argument to go on with, counted from 1. */
  #argumentNumber(): boolean {
    if (this.#format[this.#at] !== '[') return false
    this.reordered = true
    const close = this.#format.indexOf(']', this.#at)
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.isIndexGood = false
      this.#at++
      return false
    }
    const text = this.#format.slice(this.#at + 1, close)
    const number = /^\d{1,8}$/.test(text) ? Number(text) : undefined
    this.#at = close + 1
    if (number !== undefined && number >= 1 && number <= this.#args.count) this.index = number - 1
    else this.isIndexGood = false
    return number !== undefined
  }
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'
