/**
 * For tests: what a browser does of Device Bound Session Credentials, with a key of its own, by the draft and apart from what
 * the product has: it registers what an answer offers, answers challenges, and keeps the cookie.
 */
import { generateKeyPairSync } from 'node:crypto'
import { CompactSign } from 'jose'

export interface DeviceProofParts {
  readonly challenge: string
  /** At registration the key goes along. */
  readonly withKey?: boolean
  /** In place of what a right proof has. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

export interface DeviceKeyPair {
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** The value of Secure-Session-Response. */
  prove(parts: DeviceProofParts): Promise<string>
}

export function makeDeviceKey(alg: 'ES256' | 'RS256' = 'ES256'): DeviceKeyPair {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicJwk = { ...publicKey.export({ format: 'jwk' }) }
  return {
    publicJwk,
    async prove({ challenge, withKey = false, claims, header }) {
      const jwt = await new CompactSign(Buffer.from(JSON.stringify({ jti: challenge, ...claims })))
        .setProtectedHeader({ alg, typ: 'dbsc+jwt', ...(withKey && { jwk: publicJwk }), ...header })
        .sign(privateKey)
      return `"${jwt}"`
    },
  }
}

/** `(ES256 RS256);path="/x";challenge="y"`: what Secure-Session-Registration offers. RFC 9651. */
export function offerIn(header: string | null | undefined): { path: string; challenge: string; algorithms: string[] } {
  const [, algorithms = ''] = /^\(([^)]*)\)/.exec(header ?? '') ?? []
  const parameter = (name: string) => new RegExp(`;${name}="([^"]*)"`).exec(header ?? '')?.[1] ?? ''
  return { path: parameter('path'), challenge: parameter('challenge'), algorithms: algorithms.split(' ') }
}

/** `"y";id="z"`: what Secure-Session-Challenge says. */
export function challengeIn(header: string | null | undefined): { challenge: string; id: string } {
  const [, challenge = '', id = ''] = /^"([^"]*)";id="([^"]*)"$/.exec(header ?? '') ?? []
  return { challenge, id }
}
