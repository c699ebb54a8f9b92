/** Secrets of a client: 256 bits, answered once, kept as SHA-256; two live at once, so that one can be changed without a gap. Checklist 19. */
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'

export interface Secrets {
  readonly digests: readonly string[]
  /** In the clear, for this one answer. */
  readonly made?: string
}

/** A public client has none; a confidential one gets its first, or another beside the newest it has. */
export function secretsFor(type: ClientRecord['type'], before: readonly string[], rotate: boolean): Secrets {
  if (type === 'public') return { digests: [] }
  if (before.length > 0 && !rotate) return { digests: before }
  const made = randomSecret()
  return { digests: [digestOf(made), ...before.slice(0, 1)], made }
}
