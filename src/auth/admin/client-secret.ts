/** Secrets of a client: 256 bits, answered once, kept as SHA-256; two live at once, so that one can be changed without a gap. Checklist 19. */
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { ClientSettings } from '../client/metadata/together.ts'

export interface Secrets {
  readonly digests: readonly string[]
  /** In the clear, for this one answer. */
  readonly made?: string
}

/** Whether a secret is how this client proves itself: one that registered for its keys or its certificate has none. */
export const usesSecret = ({ type, metadata }: Pick<ClientSettings, 'type' | 'metadata'>): boolean =>
  type === 'confidential' && (metadata.token_endpoint_auth_method ?? 'client_secret').startsWith('client_secret')

/** A client that uses a secret gets its first, or another beside the newest it has; any other has none. */
export function secretsFor(
  client: Pick<ClientSettings, 'type' | 'metadata'>,
  before: readonly string[],
  rotate: boolean,
): Secrets {
  if (!usesSecret(client)) return { digests: [] }
  if (before.length > 0 && !rotate) return { digests: before }
  const made = randomSecret()
  return { digests: [digestOf(made), ...before.slice(0, 1)], made }
}
