/**
 * Reads what the author of an API wrote, when it is written: whatever is not understood there is an error, since a check
 * that a slip of the pen leaves out would let tokens in.
 */

export interface OptionRule {
  /** Completes "must be". */
  readonly what: string
  readonly holds: (value: unknown) => boolean
  /** Of the right type, yet out of range: a RangeError. */
  readonly isNear?: (value: unknown) => boolean
  readonly needed?: true
  /** What is below it. */
  readonly parts?: OptionRules
}

export type OptionRules = Readonly<Record<string, OptionRule>>
export type RulesFor<Options> = Readonly<Record<keyof Options, OptionRule>>

const isNumber = (value: unknown) => typeof value === 'number'
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Printable, without what a challenge could not quote. RFC 6749 3.3. */
const isWord = (value: unknown) => typeof value === 'string' && /^[!#-[\]-~]+$/.test(value)
export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

export const text: OptionRule = { what: 'a string that is not empty', holds: isText }
export const callback: OptionRule = { what: 'a function', holds: (value) => typeof value === 'function' }

export const oneOf = (values: readonly string[]): OptionRule => ({
  what: `one of ${values.join(', ')}`,
  holds: (value) => typeof value === 'string' && values.includes(value),
})

export const wholeNumber = (least: number, most: number): OptionRule => ({
  what: most === Number.MAX_SAFE_INTEGER ? `a whole number, ${least} or more` : `a whole number, ${least} to ${most}`,
  holds: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  isNear: isNumber,
})

/** A list, with one member at least where `least` is 1. */
export const list = (of: string, holds: (value: unknown) => boolean, least: 0 | 1): OptionRule => ({
  what: `a list of ${of}${least === 0 ? '' : ', with one at least'}`,
  holds: (value) => Array.isArray(value) && value.length >= least && Array.from(value).every(holds),
})
export const words = (of: string, least: 0 | 1): OptionRule => list(`${of}, without spaces`, isWord, least)

export const parts = (rules: OptionRules): OptionRule => ({ what: 'an object', holds: isRecord, parts: rules })
export const needed = (rule: OptionRule): OptionRule => ({ ...rule, needed: true })

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'another list'
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'another string'
  return typeof value === 'number' ? String(value) : value === null ? 'null' : `of type ${typeof value}`
}

function readOption(place: string, { what, holds, isNear, parts: below }: OptionRule, value: unknown): void {
  if (!holds(value)) {
    // A string may be a secret that stands in the wrong place: it is not shown.
    const message = `${place} must be ${what}; it is ${shown(value)}`
    throw isNear?.(value) === true ? new RangeError(message) : new TypeError(message)
  }
  if (below !== undefined) readOptions(place, below, value)
}

/** Throws TypeError, or RangeError for a number, with the name of the first option that is missing, unknown or wrong. */
export function readOptions(place: string, rules: OptionRules, given: unknown): void {
  const names = Object.keys(rules)
  const lacking = names.filter((name) => rules[name]?.needed && (!isRecord(given) || given[name] === undefined))
  if (lacking.length > 0) {
    const each = lacking.map((name) => `${name} must be ${rules[name]?.what}`)
    throw new TypeError(`${place} lacks ${lacking.join(' and ')}: ${each.join('; ')}`)
  }
  if (!isRecord(given)) throw new TypeError(`${place} must be an object; it is ${shown(given)}`)
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined)
      throw new TypeError(
        `${place}.${name} is not known; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`,
      )
    if (value !== undefined) readOption(`${place}.${name}`, rule, value)
  }
}
