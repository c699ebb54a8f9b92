/** A signing key: made once, sealed in the store, opened at start. ES256 on P-256, RFC 7518 3.4; kid by RFC 7638. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import type { Envelope } from '../../kernel/envelope.ts'
import type { SigningKeyRecord } from '../../storage/records.ts'

/** What JWKS shows, RFC 7517. Built from named members only, so that a private one has no way in. */
export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

export interface SigningKey {
  readonly kid: string
  readonly createdAt: number
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicJwk: PublicJwk
}

const sealName = (kid: string) => `signing-key/${kid}`

function pointOf(publicKey: KeyObject): { readonly x: string; readonly y: string } {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return { x, y }
}

export async function makeSigningKey(envelope: Envelope, nowSeconds: number): Promise<SigningKeyRecord> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = { kty: 'EC', crv: 'P-256', ...pointOf(publicKey) } as const
  const kid = await calculateJwkThumbprint(point)
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const sealed = envelope.seal(sealName(kid), der)
  der.fill(0)
  const publicJwk: PublicJwk = { ...point, kid, alg: 'ES256', use: 'sig' }
  return { v: 1, kid, alg: 'ES256', publicJwk: { ...publicJwk }, sealed, kekId: envelope.kekId, createdAt: nowSeconds }
}

/** Throws EnvelopeError when the record was sealed by another envelope key or was changed. */
export function openSigningKey(envelope: Envelope, record: SigningKeyRecord): SigningKey {
  const opened = envelope.open(sealName(record.kid), record.sealed)
  const bytes = Buffer.from(opened.buffer, opened.byteOffset, opened.byteLength)
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  bytes.fill(0)
  const publicKey = createPublicKey(privateKey)
  const publicJwk: PublicJwk = {
    kty: 'EC',
    crv: 'P-256',
    ...pointOf(publicKey),
    kid: record.kid,
    alg: 'ES256',
    use: 'sig',
  }
  return { kid: record.kid, createdAt: record.createdAt, privateKey, publicKey, publicJwk }
}
