/** Checks of single values: each answers the value in its type, or throws a MetadataFault that names its field. */
import { MetadataFault } from './fault.ts'

export type Check<T> = (field: string, value: unknown) => T
/** What is wrong with an entry; undefined when nothing is. */
export type EntryFault = (entry: string) => string | undefined

const MAX_ENTRIES = 50
const MAX_TEXT = 128
const MAX_URI = 2048
/**
 * Half a surrogate pair is no character: it would not come back as it was sent. A format character is not seen, and may turn
 * what stands around it on the consent page (UTR 36 2).
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const VISIBLE_ASCII = /^[!-~]+$/
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

export const isLoopbackHost = (hostname: string): boolean => LOOPBACK.has(hostname)

export const text: Check<string> = (field, value) => {
  if (typeof value !== 'string' || value.trim() === '' || value.length > MAX_TEXT || UNSEEN.test(value))
    throw new MetadataFault(field, `must be a text of 1 to ${MAX_TEXT} characters, each to be seen`)
  return value.trim()
}

export const truth: Check<boolean> = (field, value) => {
  if (typeof value !== 'boolean') throw new MetadataFault(field, 'must be true or false')
  return value
}

export const wholeNumber: Check<number> = (field, value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new MetadataFault(field, 'must be a whole number of at least 0')
  return value
}

export const oneOf =
  <const V extends string>(values: readonly V[]): Check<V> =>
  (field, value) => {
    const found = values.find((known) => known === value)
    if (found === undefined) throw new MetadataFault(field, `must be one of ${values.join(', ')}`)
    return found
  }

export const list =
  (wrong: EntryFault): Check<readonly string[]> =>
  (field, value) => {
    if (!Array.isArray(value) || value.length > MAX_ENTRIES)
      throw new MetadataFault(field, `must be a list of at most ${MAX_ENTRIES} texts`)
    const entries = value.map((entry: unknown, index) => {
      const what = typeof entry === 'string' ? wrong(entry) : 'must be a text'
      if (typeof entry !== 'string' || what !== undefined)
        throw new MetadataFault(`${field}[${index}]`, what ?? 'must be a text')
      return entry
    })
    if (new Set(entries).size !== entries.length) throw new MetadataFault(field, 'must name nothing twice')
    return entries
  }

export const unlike =
  (pattern: RegExp, what: string): EntryFault =>
  (entry) =>
    pattern.test(entry) ? undefined : what

/** An address of the client's: https; with `loopback`, http on a loopback address too. No user name, no fragment. */
export const webAddress =
  ({ loopback }: { readonly loopback: boolean }): Check<string> =>
  (field, value) => {
    const wanted = loopback ? 'must be an https address, or http on loopback' : 'must be an https address'
    const fault = (what: string) => new MetadataFault(field, what)
    if (typeof value !== 'string' || value.length > MAX_URI || !VISIBLE_ASCII.test(value) || !URL.canParse(value))
      throw fault(wanted)
    const { protocol, hostname, username, password } = new URL(value)
    if (protocol !== 'https:' && !(loopback && protocol === 'http:' && isLoopbackHost(hostname))) throw fault(wanted)
    if (username !== '' || password !== '') throw fault('must hold no user name or password')
    if (value.includes('#')) throw fault('must have no fragment')
    return value
  }
