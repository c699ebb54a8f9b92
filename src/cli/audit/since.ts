/** `--since` of the commands over logs. */
import { UsageError } from '../command.ts'

/** Milliseconds since the epoch. Throws UsageError. */
export function sinceOf(named: unknown): number | undefined {
  if (typeof named !== 'string') return undefined
  const ms = Date.parse(named)
  if (Number.isNaN(ms)) throw new UsageError('--since takes a time as RFC 3339 has it, e.g. 2026-11-01T00:00:00Z')
  return ms
}
