/** What may cross as structs: plain JSON data, and the raw numbers that parseExact keeps. All else goes through text. */

/** The value is no plain data (a Date, a class, a function): JSON.stringify knows what it means. */
export class NotPlain extends TypeError {
  override readonly name = 'NotPlain'
}

const { isRawJSON } = JSON as typeof JSON & { isRawJSON(value: unknown): value is { readonly rawJSON: string } }

/** Text of a raw number; undefined for a plain object. Throws NotPlain for anything else. */
export function rawNumber(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return undefined
  if (prototype !== null) throw new NotPlain('no plain object')
  if (!isRawJSON(value)) return undefined
  if (!/^-?\d/.test(value.rawJSON)) throw new NotPlain('no raw number')
  return value.rawJSON
}

/** As UTF-8, two keys with lone surrogates may be one; a table must not hold a key twice. */
export function mustBeWellFormed(key: string): void {
  if (!key.isWellFormed()) throw new NotPlain('a key holds a lone surrogate')
}
