/** Sessions and grants as people read them. What policy does not let the caller see is a dash. */
import { table } from '../table.ts'

export interface SessionRow {
  readonly sid: string
  readonly sub?: string
  readonly acr?: string
  readonly auth_time?: number
  readonly expires_at?: number
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

export const sessionTable = (rows: readonly SessionRow[]): string =>
  table([
    ['SESSION', 'USER', 'SIGNED IN', 'ENDS', 'ACR', 'STATE'],
    ...rows.map(({ sid, sub, auth_time, expires_at, acr, live }) => [
      sid,
      sub ?? '-',
      time(auth_time),
      time(expires_at),
      acr ?? '-',
      state(live),
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
