/** Signature algorithms of bundles, RFC 7518 section 3: all there is to know of each in one entry. */
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'

interface Algorithm {
  readonly sign: (input: Uint8Array, key: string) => Uint8Array
  readonly verify: (input: Uint8Array, signature: Uint8Array, key: string) => boolean
}

const ecdsa = (hash: string, curve: string): Algorithm => {
  const checked = (key: KeyObject) => {
    if (key.asymmetricKeyDetails?.namedCurve !== curve) throw new Error(`key is not on curve ${curve}`)
    return { key, dsaEncoding: 'ieee-p1363' } as const
  }
  return {
    sign: (input, key) => sign(hash, input, checked(createPrivateKey(key))),
    verify: (input, signature, key) => verify(hash, input, checked(createPublicKey(key)), signature),
  }
}

const rsa = (hash: string, options: { padding: number; saltLength?: number }): Algorithm => {
  const checked = (key: KeyObject) => {
    if (key.asymmetricKeyType !== 'rsa') throw new Error('key is not an RSA key')
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw new Error('RSA key is under 2048 bits')
    return { key, ...options }
  }
  return {
    sign: (input, key) => sign(hash, input, checked(createPrivateKey(key))),
    verify: (input, signature, key) => verify(hash, input, checked(createPublicKey(key)), signature),
  }
}

const hmac = (hash: string): Algorithm => {
  const mac = (input: Uint8Array, key: string) => {
    // A PEM text as an HMAC secret is a public key: anyone could sign with it.
    if (key.length < 32 || key.includes('-----BEGIN')) throw new Error('HMAC secret is under 32 characters, or a PEM')
    return createHmac(hash, key).update(input).digest()
  }
  return {
    sign: mac,
    verify: (input, signature, key) => {
      const expected = mac(input, key)
      return expected.byteLength === signature.byteLength && timingSafeEqual(expected, signature)
    },
  }
}

const pkcs1 = { padding: constants.RSA_PKCS1_PADDING }
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

export const ALGORITHMS = {
  ES256: ecdsa('sha256', 'prime256v1'),
  ES384: ecdsa('sha384', 'secp384r1'),
  ES512: ecdsa('sha512', 'secp521r1'),
  RS256: rsa('sha256', pkcs1),
  RS384: rsa('sha384', pkcs1),
  RS512: rsa('sha512', pkcs1),
  PS256: rsa('sha256', pss),
  PS384: rsa('sha384', pss),
  PS512: rsa('sha512', pss),
  HS256: hmac('sha256'),
  HS384: hmac('sha384'),
  HS512: hmac('sha512'),
} as const satisfies Record<string, Algorithm>

export type BundleAlgorithm = keyof typeof ALGORITHMS
