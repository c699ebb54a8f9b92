/** What Go's fmt knows while it prints one directive: flags, width, precision, and how they pad. */
import { runeCount } from './go-text.ts'

export interface Directive {
  width: number | undefined
  precision: number | undefined
  minus: boolean
  plus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  /** %+v and %#v, for which plus and sharp are cleared. */
  plusV: boolean
  sharpV: boolean
}

export const plainDirective = (): Directive => ({
  width: undefined,
  precision: undefined,
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  plusV: false,
  sharpV: false,
})

/** Zeros fill on the left only, and not for every kind of value. */
export function pad(directive: Directive, text: string, zeros = directive.zero): string {
  const missing = (directive.width ?? 0) - runeCount(text)
  if (missing <= 0) return text
  if (directive.minus) return text + ' '.repeat(missing)
  return (zeros ? '0' : ' ').repeat(missing) + text
}
