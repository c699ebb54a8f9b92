/**
 * Secrets of a client: 256 bits, answered once, kept as SHA-256; two live at once, so that one can be changed without a gap.
 * A client whose method takes no secret has none. RFC 7591 3.2.1; checklist 19.
 */
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'

/** What the record keeps. */
export type KeptSecrets = Pick<ClientRecord, 'secretDigests' | 'sealedSecrets'>

export interface Secrets {
  readonly kept: KeptSecrets
  /** In the clear, for this one answer. */
  readonly made?: string
}

/** Seals a secret under a name that binds it to its client. */
export type Seal = (secret: string) => string

const NONE: KeptSecrets = { secretDigests: [] }

const BY_SECRET: readonly unknown[] = [undefined, 'client_secret_basic', 'client_secret_post', 'client_secret_jwt']

/**
 * A confidential client gets its first, or another beside the newest it has. One that turns to client_secret_jwt gets a new
 * one too: of those it had, only digests are kept.
 */
export function secretsFor(
  client: Pick<ClientRecord, 'type' | 'metadata'>,
  before: KeptSecrets,
  rotate: boolean,
  seal: Seal,
): Secrets {
  const method = client.metadata?.token_endpoint_auth_method
  if (client.type === 'public' || !BY_SECRET.includes(method)) return { kept: NONE }
  const { secretDigests: digests, sealedSecrets: sealed = [] } = before
  if (method !== 'client_secret_jwt') {
    if (digests.length > 0 && !rotate) return { kept: { secretDigests: digests } }
    const made = randomSecret()
    return { kept: { secretDigests: [digestOf(made), ...digests.slice(0, 1)] }, made }
  }
  if (sealed.length > 0 && !rotate) return { kept: { secretDigests: digests, sealedSecrets: sealed } }
  const made = randomSecret()
  // Digests and sealed texts of the same secrets, in the same order.
  const older = sealed.length > 0 ? digests.slice(0, 1) : []
  return {
    kept: { secretDigests: [digestOf(made), ...older], sealedSecrets: [seal(made), ...sealed.slice(0, 1)] },
    made,
  }
}
