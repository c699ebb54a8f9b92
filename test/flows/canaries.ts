/** For tests: secrets that can be told wherever they turn up, in any of the forms in which a log might hold them. */
import { randomBytes } from 'node:crypto'

export interface Canaries {
  /** A fresh one to be sent as `field`. */
  make(field: string): string
  /** One that the service made, or somebody beside it. */
  watch(field: string, secret: string): void
  /** Names of the fields whose secrets the text holds. */
  within(text: string): string[]
  readonly count: number
}

/** Shorter texts turn up by chance. */
const LEAST_LENGTH = 8
/** So do shorter encodings of what is no shorter than that; also of what each form is told by: its last characters. */
const WINDOW = 7
const TOP = 31 ** (WINDOW - 1)

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  // Of three, one is right wherever it stands in what was encoded; its first and last characters depend on neighbours.
  const encoded = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -5),
  )
  const all = [secret, encodeURIComponent(secret), bytes.toString('hex'), ...encoded]
  return all.filter(({ length }) => length >= WINDOW).map((form) => form.toLowerCase())
}

interface Known {
  readonly field: string
  readonly form: string
}

/** Looks once along a text, however many forms there are (Rabin and Karp). */
function openIndex() {
  const known = new Map<number, Known[]>()
  const seen = new Uint8Array(1 << 24)
  const slot = (hash: number) => (hash ^ (hash >>> 24)) & (seen.length - 1)
  const hashOf = (bytes: Uint8Array) => bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0)
  return {
    add(field: string, form: string): void {
      const hash = hashOf(Buffer.from(form, 'latin1').subarray(-WINDOW))
      seen[slot(hash)] = 1
      known.set(hash, [...(known.get(hash) ?? []), { field, form }])
    },
    fieldsIn(text: string): readonly string[] {
      const bytes = Buffer.from(text, 'latin1')
      const found = new Set<string>()
      let hash = 0
      for (let end = 0; end < bytes.length; end += 1) {
        if (end >= WINDOW) hash = (hash - Math.imul(bytes[end - WINDOW] ?? 0, TOP)) | 0
        hash = (Math.imul(hash, 31) + (bytes[end] ?? 0)) | 0
        if (seen[slot(hash)] === 0) continue
        for (const { field, form } of known.get(hash) ?? []) if (text.endsWith(form, end + 1)) found.add(field)
      }
      return [...found]
    },
  }
}

export function openCanaries(): Canaries {
  const index = openIndex()
  const known = new Set<string>()
  const remember = (field: string, secret: string): void => {
    if (secret.length < LEAST_LENGTH) throw new Error(`${field} is no secret: ${secret}`)
    const key = `${field}\n${secret}`
    if (known.has(key)) return
    known.add(key)
    for (const form of formsOf(secret)) index.add(field, form)
  }
  return {
    make(field) {
      const secret = `CanarySecret${field.replaceAll(/\W/g, '')}${randomBytes(9).toString('hex')}`
      remember(field, secret)
      return secret
    },
    watch: remember,
    within: (text) => [...index.fieldsIn(text.toLowerCase())],
    get count() {
      return known.size
    },
  }
}
