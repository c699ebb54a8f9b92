/** Base64 as Go's encoding/base64 reads it (RFC 4648): line ends anywhere, padding demanded, the first wrong byte named. */
import { BuiltinError } from '../builtin.ts'
import { utf8 } from '../text/go-text.ts'

const [NEWLINE, RETURN, PAD] = [0x0a, 0x0d, 0x3d]
type Alphabet = 'base64' | 'base64url'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const SYMBOLS: Readonly<Record<Alphabet, ReadonlySet<number>>> = {
  base64: new Set(utf8(`${LETTERS}+/`)),
  base64url: new Set(utf8(`${LETTERS}-_`)),
}

export const decodeBase64 = (text: string): Buffer => decode(text, 'base64')

/** As OPA reads the parts of a JWT: padding may be missing (RFC 7515 appendix C). */
export function decodeBase64Url(text: string): Buffer {
  if (text.endsWith('=')) return decode(text, 'base64url')
  const missing = [0, undefined, 2, 1][Buffer.byteLength(text) % 4]
  if (missing === undefined) throw new BuiltinError(`illegal base64url string: ${text}`)
  return decode(text + '='.repeat(missing), 'base64url')
}

function decode(text: string, alphabet: Alphabet): Buffer {
  const wrong = firstWrongByte(utf8(text), SYMBOLS[alphabet])
  if (wrong !== undefined) throw new BuiltinError(`illegal base64 data at input byte ${wrong}`)
  return Buffer.from(text.replace(/[\r\n]/g, ''), alphabet)
}

const isLineEnd = (byte: number | undefined): boolean => byte === NEWLINE || byte === RETURN

/** Where Go's decoder stops: it names the byte behind a missing pad, and the start of a cut group. */
function firstWrongByte(bytes: Uint8Array, symbols: ReadonlySet<number>): number | undefined {
  let inGroup = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (isLineEnd(byte)) continue
    if (symbols.has(byte)) {
      inGroup = (inGroup + 1) % 4
      continue
    }
    if (byte !== PAD || inGroup < 2) return at
    return wrongAfterPad(bytes, at + 1, inGroup)
  }
  return inGroup === 0 ? undefined : bytes.length - inGroup
}

function wrongAfterPad(bytes: Uint8Array, start: number, inGroup: number): number | undefined {
  let at = skipLineEnds(bytes, start)
  if (inGroup === 2) {
    if (at === bytes.length || bytes[at] !== PAD) return at
    at = skipLineEnds(bytes, at + 1)
  }
  return at < bytes.length ? at : undefined
}

function skipLineEnds(bytes: Uint8Array, start: number): number {
  let at = start
  while (isLineEnd(bytes[at])) at++
  return at
}
