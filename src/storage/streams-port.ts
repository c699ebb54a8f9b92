/** The part of the store where streams of security events lie that their receivers made: its record and its interface. SSF 1.0 8.1.1. */
import type { Written } from './written.ts'

/** `port.ts` says what holds of all records. */
export interface StreamRecord {
  readonly v: 1
  readonly streamId: string
  /** Whose it is, and who gets its tokens. */
  readonly clientId: string
  /** Event types as the receiver named them, known here or not; absent: all. */
  readonly requested?: readonly string[]
  readonly description?: string
  /** Where tokens are pushed to (RFC 8935); absent: the receiver polls (RFC 8936). */
  readonly pushUrl?: string
  /** What is sent there in the Authorization header, sealed with the envelope key. */
  readonly sealed?: string
  readonly createdAt: number
  readonly version: number
}

/** Streams of one client at most. */
export const MAX_STREAMS_OF_CLIENT = 4
/** Of all clients of a tenant: each event is judged for each of them. */
export const MAX_STREAMS = 1000

export interface StreamStore {
  /** `missing`: there is no such client. `full`: it has as many as it may, or the tenant has. */
  create(tenant: string, stream: StreamRecord): Promise<Written | 'full'>
  find(tenant: string, streamId: string): Promise<StreamRecord | undefined>
  /** The oldest first. They end with their client. */
  list(tenant: string): Promise<readonly StreamRecord[]>
  /** Writes where the stored version is `expectedVersion`. */
  replace(tenant: string, stream: StreamRecord, expectedVersion: number): Promise<Written>
  delete(tenant: string, streamId: string): Promise<Exclude<Written, 'conflict'>>
}
