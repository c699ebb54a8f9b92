/** hex.*, base64url.encode_no_pad. Bytes that are no UTF-8 cannot stay in a string here: they become U+FFFD, as in OPA's JSON. */
import { BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { decodeUtf8, isPrintable, utf8 } from '../text/go-text.ts'

export const ENCODING: BuiltinTable = {
  'hex.encode': (_, text) => Buffer.from(asString(1, text), 'utf8').toString('hex'),
  'hex.decode': (_, text) => decodeHex(asString(1, text)),
  'base64url.encode_no_pad': (_, text) => Buffer.from(asString(1, text), 'utf8').toString('base64url'),
}

function decodeHex(text: string): string {
  if (/[^0-9a-fA-F]/.test(text)) {
    const wrong = utf8(text).find((byte) => !/[0-9a-fA-F]/.test(String.fromCharCode(byte))) ?? 0
    throw new BuiltinError(`encoding/hex: invalid byte: ${describeByte(wrong)}`)
  }
  if (text.length % 2 === 1) throw new BuiltinError('encoding/hex: odd length hex string')
  return decodeUtf8(Buffer.from(text, 'hex'))
}

function describeByte(byte: number): string {
  const char = String.fromCharCode(byte)
  const code = `U+${byte.toString(16).toUpperCase().padStart(4, '0')}`
  return isPrintable(char) ? `${code} '${char}'` : code
}
