/** For tests: a client that holds a key, and proves it by DPoP (RFC 9449). Made with jose, apart from what the product has. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactSign, calculateJwkThumbprint } from 'jose'
import { randomId } from '../../src/kernel/ids.ts'

export type ProofAlg = 'ES256' | 'PS256' | 'EdDSA' | 'Ed25519' | 'RS256'

export interface ProofParts {
  readonly method?: string
  readonly url: string
  /** For `ath`. */
  readonly accessToken?: string
  readonly nonce?: string | undefined
  /** In place of what a right proof has; undefined leaves out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly nowSeconds?: number
}

export interface ProofKey {
  /** RFC 7638. */
  readonly jkt: string
  readonly privateKey: KeyObject
  readonly publicJwk: Readonly<Record<string, unknown>>
  proof(parts: ProofParts): Promise<string>
}

function pair(alg: ProofAlg, bits: number) {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: bits })
}

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

export async function makeProofKey(alg: ProofAlg = 'ES256', bits = 2048): Promise<ProofKey> {
  const { privateKey, publicKey } = pair(alg, bits)
  const publicJwk = publicKey.export({ format: 'jwk' })
  return {
    jkt: await calculateJwkThumbprint(publicKey),
    privateKey,
    publicJwk: { ...publicJwk },
    async proof({ method = 'POST', url, accessToken, nonce, claims, header, nowSeconds }) {
      const payload = {
        jti: randomId(),
        htm: method,
        htu: url,
        iat: nowSeconds ?? Math.floor(Date.now() / 1000),
        ...(accessToken !== undefined && { ath: hashOf(accessToken) }),
        ...(nonce !== undefined && { nonce }),
        ...claims,
      }
      return new CompactSign(Buffer.from(JSON.stringify(payload)))
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: publicJwk, ...header })
        .sign(privateKey)
    },
  }
}
