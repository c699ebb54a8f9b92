/** Signing keys as people read them: one table, the key that signs first. */
import { table } from '../table.ts'

export interface KeyRow {
  readonly kid: string
  readonly alg?: string
  readonly state?: string
  readonly since?: number
  readonly ready_at?: number
  readonly rotates_at?: number
  readonly removed_at?: number
  readonly asked?: boolean
}

const time = (seconds: number | undefined): string =>
  seconds === undefined ? '-' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

function prospect({ ready_at, rotates_at, removed_at, asked }: KeyRow, now: number): string {
  if (removed_at !== undefined) return `published until ${time(removed_at)}`
  if (rotates_at !== undefined) return `signs until ${time(rotates_at)}`
  if (ready_at === undefined) return '-'
  if (asked) return `signs from ${time(ready_at)}`
  return ready_at <= now ? 'ready to sign' : `ready from ${time(ready_at)}`
}

export const report = (keys: readonly KeyRow[], now: number): string =>
  table([
    ['ALG', 'STATE', 'SINCE', 'KID', 'WHAT COMES'],
    ...keys.map((key) => [key.alg ?? '-', key.state ?? '-', time(key.since), key.kid, prospect(key, now)]),
  ])
