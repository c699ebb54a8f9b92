/**
 * Everything about one signature algorithm in one entry: how its keys are made, what of them is public, how it signs.
 * ES256 on P-256 (RFC 7518 3.4), EdDSA on Ed25519 (RFC 8037 3.1), PS256 and RS256 (RFC 7518 3.5, 3.3) of 2048 bits or more.
 */
import { constants, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** RFC 7518 6, RFC 8037 2: the members that make up the public key, and no other. */
export type PublicMembers =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }

export interface Algorithm {
  makePair(options: { readonly rsaBits: number }): Promise<KeyPair>
  /** Taken one by one, so that a private member has no way in. */
  publicMembers(key: KeyObject): PublicMembers
  sign(key: KeyObject, data: Buffer): Buffer
  /** Of the signature; OIDC Core 3.1.3.6 takes it for `at_hash`. Ed25519 hashes by SHA-512 (RFC 8032 5.1). */
  readonly digest: 'sha256' | 'sha512'
}

const generate = promisify(generateKeyPair)

const rsaMembers = (key: KeyObject): PublicMembers => {
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  return { kty: 'RSA', n, e }
}
const makeRsaPair: Algorithm['makePair'] = ({ rsaBits }) =>
  generate('rsa', { modulusLength: rsaBits, publicExponent: 0x10001 })

/** RFC 7518 3.5: as long as the digest. */
const PSS_SALT_BYTES = 32

export const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  ES256: {
    makePair: () => generate('ec', { namedCurve: 'P-256' }),
    publicMembers: (key) => {
      const { x = '', y = '' } = key.export({ format: 'jwk' })
      return { kty: 'EC', crv: 'P-256', x, y }
    },
    sign: (key, data) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
    digest: 'sha256',
  },
  EdDSA: {
    makePair: () => generate('ed25519'),
    publicMembers: (key) => {
      const { x = '' } = key.export({ format: 'jwk' })
      return { kty: 'OKP', crv: 'Ed25519', x }
    },
    sign: (key, data) => sign(null, data, key),
    digest: 'sha512',
  },
  PS256: {
    makePair: makeRsaPair,
    publicMembers: rsaMembers,
    sign: (key, data) =>
      sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES }),
    digest: 'sha256',
  },
  RS256: {
    makePair: makeRsaPair,
    publicMembers: rsaMembers,
    sign: (key, data) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }),
    digest: 'sha256',
  },
}
