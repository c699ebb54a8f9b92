/**
 * Secrets of a client: 256 bits, answered once, kept as SHA-256, which is enough for what nobody can guess; two live at
 * once, so that one can be changed without a gap. Checklist 19.
 */
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { MetadataFault } from './metadata/fault.ts'
import type { ClientSettings } from './metadata/together.ts'

/** What the record keeps. */
export type KeptSecrets = Pick<ClientRecord, 'secretDigests' | 'sealedSecrets'>

export interface Secrets {
  readonly kept: KeptSecrets
  /** In the clear, for this one answer. */
  readonly made?: string
}

export interface SecretWish {
  /** Another secret beside the newest. */
  readonly rotate: boolean
  /** Of secrets that were made elsewhere, the newest first: these and no others. */
  readonly digests?: readonly string[] | undefined
}

const LIVE_SECRETS = 2

/** Whether a secret is how this client proves itself: one that registered for its keys or its certificate has none. */
export const usesSecret = ({ type, metadata }: Pick<ClientSettings, 'type' | 'metadata'>): boolean =>
  type === 'confidential' && (metadata.token_endpoint_auth_method ?? 'client_secret').startsWith('client_secret')

/** Whether the secret itself must be kept: what it signs cannot be checked with a digest (ADR 17). */
export const needsSecretItself = ({ metadata }: Pick<ClientSettings, 'metadata'>): boolean =>
  metadata.token_endpoint_auth_method === 'client_secret_jwt'

/** Seals a secret for the client that it is of. */
export type Seal = (secret: string) => string

/**
 * A client that uses a secret gets its first, or another beside the newest it has; any other has none. One that turns to
 * client_secret_jwt gets a new one: of those it had, only digests are kept.
 */
export function secretsFor(
  client: Pick<ClientSettings, 'type' | 'metadata'>,
  { secretDigests, sealedSecrets = [] }: KeptSecrets,
  { rotate, digests }: SecretWish,
  seal: Seal,
): Secrets {
  if (!usesSecret(client)) return { kept: { secretDigests: [] } }
  if (needsSecretItself(client)) {
    if (sealedSecrets.length > 0 && !rotate) return { kept: { secretDigests, sealedSecrets } }
    const made = randomSecret()
    const older = sealedSecrets.slice(0, LIVE_SECRETS - 1)
    const kept = [digestOf(made), ...secretDigests.slice(0, older.length)]
    return { kept: { secretDigests: kept, sealedSecrets: [seal(made), ...older] }, made }
  }
  if (digests !== undefined && digests.length > 0) return { kept: { secretDigests: digests } }
  if (secretDigests.length > 0 && !rotate) return { kept: { secretDigests } }
  const made = randomSecret()
  return { kept: { secretDigests: [digestOf(made), ...secretDigests.slice(0, LIVE_SECRETS - 1)] }, made }
}

const HEX = /^[0-9a-f]{64}$/i
const BASE64URL = /^[A-Za-z0-9_-]{43}$/

/** SHA-256 digests as people have them, hexadecimal (`sha256sum`) or base64url, in the form that the store keeps. */
export function readDigests(field: string, value: unknown): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(value) ? value : []
  const digests = texts.map((text) => {
    if (typeof text !== 'string') return ''
    if (HEX.test(text)) return Buffer.from(text, 'hex').toString('base64url')
    return BASE64URL.test(text) ? text : ''
  })
  if (digests.length === 0 || digests.length > LIVE_SECRETS || digests.includes(''))
    throw new MetadataFault(field, `must be a list of 1 to ${LIVE_SECRETS} SHA-256 digests, the newest first`)
  if (new Set(digests).size !== digests.length) throw new MetadataFault(field, 'must name nothing twice')
  return digests
}

/** Tells live secrets apart, the newest first, and says nothing of them: part of a digest of the digest. */
export const secretIds = (digests: readonly string[]): readonly string[] =>
  digests.map((digest) => digestOf(digest).slice(0, 8))
