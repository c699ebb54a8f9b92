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
  /** Of the live ones, as `secretIds` names them: only these stay. */
  readonly keepIds?: readonly string[] | undefined
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
 * client_secret_jwt gets a new one: of those it had, only digests are kept. Throws MetadataFault where `keepIds` names none
 * that lives, or leaves none.
 */
export function secretsFor(
  client: Pick<ClientSettings, 'type' | 'metadata'>,
  stored: KeptSecrets,
  { rotate, digests, keepIds }: SecretWish,
  seal: Seal,
): Secrets {
  if (!usesSecret(client)) return { kept: { secretDigests: checkedKeep([], { rotate: true, keepIds }) } }
  const sealed = needsSecretItself(client)
  if (!sealed && digests !== undefined && digests.length > 0) return { kept: { secretDigests: digests } }
  const texts = stored.sealedSecrets ?? []
  // Of a client that keeps the secrets themselves, each digest stands at the place of its secret.
  const live = sealed ? stored.secretDigests.slice(0, texts.length) : stored.secretDigests
  const kept = checkedKeep(live, { rotate, keepIds })
  const sealedOf = (some: readonly string[]) => some.map((digest) => texts[live.indexOf(digest)] ?? '')
  if (live.length > 0 && !rotate)
    return { kept: { secretDigests: kept, ...(sealed && { sealedSecrets: sealedOf(kept) }) } }
  const made = randomSecret()
  const older = kept.slice(0, LIVE_SECRETS - 1)
  const secretDigests = [digestOf(made), ...older]
  return { kept: { secretDigests, ...(sealed && { sealedSecrets: [seal(made), ...sealedOf(older)] }) }, made }
}

/** Digests of those that stay. */
function checkedKeep(live: readonly string[], { rotate, keepIds }: Pick<SecretWish, 'rotate' | 'keepIds'>) {
  if (keepIds === undefined) return live
  const ids = secretIds(live)
  if (!keepIds.every((id) => ids.includes(id)))
    throw new MetadataFault('keep_secret_ids', 'must name secrets that live, as secret_ids does')
  if (keepIds.length === 0 && !rotate)
    throw new MetadataFault('keep_secret_ids', 'must leave one, or stand beside rotate_secret')
  return live.filter((_, index) => keepIds.includes(ids[index] ?? ''))
}

/** `rotate`: another comes beside them. */
export function readKeepIds(field: string, value: unknown, rotate: boolean): readonly string[] {
  const most = rotate ? LIVE_SECRETS - 1 : LIVE_SECRETS
  const ids: readonly unknown[] = Array.isArray(value) ? value : ['']
  const texts = ids.filter((id): id is string => typeof id === 'string' && id !== '')
  if (texts.length !== ids.length || texts.length > most)
    throw new MetadataFault(field, `must be a list of at most ${most} ids of live secrets, as secret_ids has them`)
  return texts
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
