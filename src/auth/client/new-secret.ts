/**
 * Secrets of a client: 256 bits, answered once, kept as SHA-256; two live at once, so that one can be changed without a gap.
 * A client whose method takes no secret has none. RFC 7591 3.2.1; checklist 19.
 */
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ClientSettings } from './metadata/together.ts'

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

/** Whether a secret is how this client proves itself: one that registered for its keys or its certificate has none. */
const usesSecret = ({ type, metadata }: Pick<ClientSettings, 'type' | 'metadata'>): boolean =>
  type === 'confidential' && (metadata.token_endpoint_auth_method ?? 'client_secret').startsWith('client_secret')

/**
 * A client that uses a secret gets its first, or another beside the newest it has. One that turns to client_secret_jwt gets a new
 * one too: of those it had, only digests are kept.
 */
export function secretsFor(
  client: Pick<ClientSettings, 'type' | 'metadata'>,
  before: KeptSecrets,
  rotate: boolean,
  seal: Seal,
): Secrets {
  if (!usesSecret(client)) return { kept: NONE }
  const { secretDigests: digests, sealedSecrets: sealed = [] } = before
  if (client.metadata.token_endpoint_auth_method !== 'client_secret_jwt') {
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
