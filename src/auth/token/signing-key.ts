/** A signing key: made once for one algorithm, sealed in the store, opened at start. Its kid is its thumbprint, RFC 7638. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { type Envelope, kekIdOf, reseal } from '../../kernel/envelope.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyRecord, SigningKeyState } from '../../storage/records.ts'
import { ALGORITHMS, type PublicMembers } from './algorithms.ts'

/** What JWKS shows, RFC 7517 4. */
export type PublicJwk = PublicMembers & {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
}

export interface SigningKey {
  readonly kid: string
  /** The one algorithm that it signs by, whatever a header says (RFC 8725 3.1). */
  readonly alg: SigningAlgorithm
  readonly createdAt: number
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicJwk: PublicJwk
}

export interface NewKey {
  readonly alg: SigningAlgorithm
  /** Of RSA keys. */
  readonly rsaBits?: number
  readonly state: SigningKeyState
  readonly nowSeconds: number
  /** When it may sign; absent: now. */
  readonly readyAt?: number
}

const DEFAULT_RSA_BITS = 2048

const sealName = (kid: string) => `signing-key/${kid}`

export async function makeSigningKey(envelope: Envelope, wanted: NewKey): Promise<SigningKeyRecord> {
  const { alg, state, nowSeconds } = wanted
  const { makePair, publicMembers } = ALGORITHMS[alg]
  const { privateKey, publicKey } = await makePair({ rsaBits: wanted.rsaBits ?? DEFAULT_RSA_BITS })
  const members = publicMembers(publicKey)
  const kid = await calculateJwkThumbprint(members)
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const sealed = envelope.seal(sealName(kid), der)
  der.fill(0)
  return {
    v: 2,
    kid,
    alg,
    publicJwk: { ...members, kid, alg, use: 'sig' } satisfies PublicJwk,
    sealed,
    kekId: kekIdOf(sealed),
    createdAt: nowSeconds,
    state,
    since: nowSeconds,
    readyAt: wanted.readyAt ?? nowSeconds,
  }
}

/** The same key under the newest envelope key. Throws EnvelopeError where no envelope key at hand opens it. */
export function resealSigningKey(envelope: Envelope, record: SigningKeyRecord): SigningKeyRecord {
  const sealed = reseal(envelope, sealName(record.kid), record.sealed)
  return { ...record, sealed, kekId: kekIdOf(sealed) }
}

/** Throws EnvelopeError when the record was sealed by another envelope key or was changed. */
export function openSigningKey(envelope: Envelope, record: SigningKeyRecord): SigningKey {
  const { kid, alg, createdAt } = record
  const opened = envelope.open(sealName(kid), record.sealed)
  const bytes = Buffer.from(opened.buffer, opened.byteOffset, opened.byteLength)
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  bytes.fill(0)
  const publicKey = createPublicKey(privateKey)
  // Of the key itself: what the record says beside it is not sealed.
  const publicJwk: PublicJwk = { ...ALGORITHMS[alg].publicMembers(publicKey), kid, alg, use: 'sig' }
  return { kid, alg, createdAt, privateKey, publicKey, publicJwk }
}
