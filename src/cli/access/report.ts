/** Sessions and grants as people read them. What policy does not let the caller see is a dash. */
import { table } from '../table.ts'

export interface SessionRow {
  readonly sid: string
  readonly sub?: string
  readonly acr?: string
  readonly auth_time?: number
  readonly last_seen_at?: number
  /** When it ends if nobody uses it. */
  readonly idle_ends_at?: number
  readonly browser?: string
  readonly system?: string
  readonly device_bound?: boolean
  readonly live?: boolean
}

export interface GrantRow {
  readonly grant_id: string
  readonly client_id?: string
  readonly sub?: string
  readonly sid?: string
  readonly scopes?: readonly string[]
  readonly created_at?: number
  readonly expires_at?: number
  readonly live?: boolean
}

const named = (value: unknown, name: string): boolean => typeof Object(value)[name] === 'string'

export const isSession = (value: unknown): value is SessionRow => named(value, 'sid')
export const isGrant = (value: unknown): value is GrantRow => named(value, 'grant_id')

const time = (seconds: number | undefined): string =>
  seconds === undefined ? '-' : new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')

const state = (live: boolean | undefined): string => (live === undefined ? '-' : live ? 'live' : 'ended')

const browserOf = ({ browser, system }: SessionRow): string =>
  browser === undefined ? '-' : `${browser}/${system ?? '-'}`

export const sessionTable = (rows: readonly SessionRow[]): string =>
  table([
    ['SESSION', 'USER', 'SIGNED IN', 'LAST SEEN', 'ENDS', 'BROWSER', 'BOUND', 'ACR', 'STATE'],
    ...rows.map((row) => [
      row.sid,
      row.sub ?? '-',
      time(row.auth_time),
      time(row.last_seen_at),
      time(row.idle_ends_at),
      browserOf(row),
      row.device_bound === undefined ? '-' : row.device_bound ? 'yes' : 'no',
      row.acr ?? '-',
      state(row.live),
    ]),
  ])

export const grantTable = (rows: readonly GrantRow[]): string =>
  table([
    ['GRANT', 'CLIENT', 'USER', 'SESSION', 'GIVEN', 'ENDS', 'STATE', 'SCOPES'],
    ...rows.map(({ grant_id, client_id, sub, sid, created_at, expires_at, live, scopes }) => [
      grant_id,
      client_id ?? '-',
      sub ?? '-',
      sid ?? '-',
      time(created_at),
      time(expires_at),
      state(live),
      scopes?.join(' ') ?? '-',
    ]),
  ])
