/**
 * Chains that no trusted head names: whoever can write to a file can add a chain of his own to it, well linked. The service
 * registers a chain as soon as its first line is on disk, so only one that has just begun may be unknown.
 */
import type { Expectations } from './expectations.ts'
import type { Finding } from './findings.ts'
import { type Followed, type Follower, where } from './follow.ts'

/** How long a head may be under way to the store. */
const UNDER_WAY_MS = 5 * 1000

export interface Strangers {
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

/** `startedMs`: before the registered heads were asked for; undefined where there are none. */
export function strangers(
  follower: Follower,
  expectations: Expectations,
  startedMs: number | undefined,
  nowMs: number,
): Strangers {
  const findings: Finding[] = []
  const notes: string[] = []
  const logs = new Set<string>()
  for (const [chain, followed] of follower.chains) {
    const log = logOf(followed.firstAt.file)
    const isOldest = !logs.has(log)
    logs.add(log)
    if (follower.trusted.has(chain) || expectations.isVouchedFor(chain)) continue
    const { file, number: line } = followed.firstAt
    const find = (detail: string) => findings.push({ problem: 'inserted', file, line, chain, detail })
    if (followed.first.seq === 1 && followed.first.after === undefined && !isOldest) {
      find('a chain begins here that does not say which came before it')
    } else if (startedMs !== undefined) {
      const isNew = followed.begunMs >= startedMs - UNDER_WAY_MS && followed.begunMs <= nowMs
      if (isNew && isLast(follower, chain, followed))
        notes.push(
          `${where(followed.firstAt)}: a chain began here just now, and its head is not known yet: verify again`,
        )
      else find('no registered head names this chain, nor one that is signed by a key that was given')
    }
  }
  return { findings, notes }
}

const isLast = ({ lastOf }: Follower, chain: string, { at }: Followed): boolean => lastOf.get(at.file) === chain

/** Rotated files are of the log that they were rotated from. */
const logOf = (file: string): string => file.replace(/(\.\d{8}T\d{9}Z)?\.jsonl(\..*)?$/, '')
