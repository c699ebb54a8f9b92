/** Quotes in the errors of Go's package time: every byte that is not ASCII, and every control character, as \xNN. */

/** Of a byte string. */
export function quoteBytes(bytes: string): string {
  const escaped = bytes.replace(/[^\x20-\x7f]|["\\]/g, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${escaped}"`
}
