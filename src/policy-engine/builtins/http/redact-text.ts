/** Which names say that a value is a credential, and texts without the values of such names: JSON, and parameters of a query. */
import { readJson, writeJson } from '../../wasm/json-value.ts'
import type { Value } from '../../wasm/value.ts'

export const STRUCK = '***'

/** Anywhere in a name; the short ones only as its last word, so that neither `monkey` nor `keys` (of a JWKS) is one. */
const SECRET_NAME =
  /token|secret|passw|passphrase|credential|signature|session|cookie|assertion|authorization|bearer|jwt|(api|access|private|signing)[-_.]?key|(^|[-_.])(key|sig|auth|pwd|pin|otp)$/i

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

/** Elsewhere than in a query a `code` is most often that of an error. */
const isSecretParameter = (name: string): boolean => name === 'code' || isSecretName(name)

const decoded = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** `name=value` behind one of these characters, or at the beginning where they are those of a form. */
export function redactParameters(text: string, behind: '?&#' | '&'): string {
  const parameter = behind === '&' ? /(^|&)([^=&]*)=([^&]*)/g : /([?&#])([^=&#?]*)=([^&#]*)/g
  return text.replace(parameter, (whole, before: string, name: string) =>
    isSecretParameter(decoded(name)) ? `${before}${name}=${STRUCK}` : whole,
  )
}

const FORM = /^[^\s{}[\]"<>]*=/
const JSON_TEXT = /^\s*["[{]/
/** Of such a name, or of one that is escaped. */
const HINT = /token|secret|pass|credential|cookie|assertion|session|bearer|jwt|key|sig|auth|pwd|pin|otp|\\u/i

/** A document in JSON without what `redact` strikes out of it, a form likewise; other texts as they are. */
export function redactText(text: string, redact: (document: Value) => Value): string {
  if (FORM.test(text)) return redactParameters(text, '&')
  if (!JSON_TEXT.test(text) || !HINT.test(text)) return text
  let document: Value
  try {
    document = readJson(text)
  } catch {
    // Half a document: what stands in it cannot be told apart.
    return STRUCK
  }
  const redacted = redact(document)
  return redacted === document ? text : writeJson(redacted)
}
