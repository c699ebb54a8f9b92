/**
 * TOTP by otplib: 160-bit secrets of the system's random source, six digits, 30 seconds, one step to either side. RFC 6238
 * 4 and 5.2. That a step is used once is the store's part.
 */
import { randomBytes } from 'node:crypto'
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'

export const STEP_SECONDS = 30
/** RFC 4226 4, requirement 6. */
const SECRET_BYTES = 20
const CODE = /^\d{6}$/
const base32 = new ScureBase32Plugin()

/** The caller zeroizes it. */
export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES)

/** As people type it in: groups of four letters. */
export const secretText = (secret: Uint8Array): string => (base32Of(secret).match(/.{1,4}/g) ?? []).join(' ')

const base32Of = (secret: Uint8Array): string => base32.encode(secret, { padding: false })

/** What the QR code says: `otpauth://totp/<issuer>:<account>?secret=…&issuer=…`. */
export const otpauthUri = (secret: Uint8Array, issuer: string, account: string): string =>
  generateURI({ issuer, label: account, secret: base32Of(secret) })

/** Arabic and Persian keyboards type U+0660 and U+06F0 on: the last four bits are the digit. */
const asciiDigits = (text: string): string =>
  text.replaceAll(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))

/** As it was typed, without the blanks that apps show. */
export const readCode = (typed: string | undefined): string | undefined => {
  const code = asciiDigits(typed ?? '').replaceAll(/\s/g, '')
  return CODE.test(code) ? code : undefined
}

/** The time step that the code is of, or undefined where it is of none of the three. Compared in constant time. */
export function stepOf(secret: Uint8Array, code: string, nowSeconds: number): number | undefined {
  const result = verifySync({ secret, token: code, epoch: nowSeconds, epochTolerance: STEP_SECONDS })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}
