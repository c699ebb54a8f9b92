/** What a browser sends of a WebAuthn ceremony, read strictly: RegistrationResponseJSON and AuthenticationResponseJSON, WebAuthn Level 3 5.1.8. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

export type { AuthenticationResponseJSON }

const BASE64URL = /^[A-Za-z0-9_-]+$/
/** Attestations with long chains stay well below. */
const MAX_LENGTH = 64 * 1024
/** WebAuthn Level 3 4: credential ids have at most 1,023 bytes. */
const MAX_ID = 1364

type Members = Readonly<Record<string, unknown>>

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const isText = (value: unknown, max = MAX_LENGTH): value is string =>
  typeof value === 'string' && value.length <= max && BASE64URL.test(value)

function parse(
  text: string | undefined,
): { readonly outer: Members; readonly response: Members; readonly id: string } | undefined {
  if (text === undefined || text.length > 2 * MAX_LENGTH) return undefined
  try {
    const outer = members(JSON.parse(text))
    if (!isText(outer.id, MAX_ID) || outer.rawId !== outer.id || outer.type !== 'public-key') return undefined
    return { outer, response: members(outer.response), id: outer.id }
  } catch {
    return undefined
  }
}

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

export function readRegistration(text: string | undefined): RegistrationResponseJSON | undefined {
  const parsed = parse(text)
  if (parsed === undefined) return undefined
  const { clientDataJSON, attestationObject, transports } = parsed.response
  if (!isText(clientDataJSON) || !isText(attestationObject)) return undefined
  const known = Array.isArray(transports) ? TRANSPORTS.filter((name) => transports.includes(name)) : []
  return {
    id: parsed.id,
    rawId: parsed.id,
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON, attestationObject, transports: known },
  }
}

export function readAssertion(text: string | undefined): AuthenticationResponseJSON | undefined {
  const parsed = parse(text)
  if (parsed === undefined) return undefined
  const { clientDataJSON, authenticatorData, signature, userHandle } = parsed.response
  if (!isText(clientDataJSON) || !isText(authenticatorData) || !isText(signature)) return undefined
  return {
    id: parsed.id,
    rawId: parsed.id,
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON,
      authenticatorData,
      signature,
      ...(isText(userHandle, 128) && { userHandle }),
    },
  }
}

/**
 * The challenge that the browser says it answers, to be held against the store and the signature afterwards; none of a page
 * that another origin frames: ours are framed by nobody (WebAuthn Level 3 7.1 step 10 and 7.2 step 13).
 */
export function challengeIn({
  response: { clientDataJSON },
}: AuthenticationResponseJSON | RegistrationResponseJSON): string {
  try {
    const { challenge, crossOrigin } = members(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')))
    if (typeof challenge !== 'string' || challenge.length > 128) return ''
    return crossOrigin === undefined || crossOrigin === false ? challenge : ''
  } catch {
    return ''
  }
}
