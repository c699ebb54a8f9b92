/** The part of the store where security events and sign-outs wait on their way out: their records and interfaces. `port.ts` says what holds of all. */
import type { LogoutTask } from './records.ts'

/** A security event as it leaves: by ids and bounded words alone, never a personal value. */
export interface OutgoingEvent {
  readonly id: string
  /** The audit event's name. */
  readonly name: string
  /** Seconds since the epoch. */
  readonly at: number
  /** Whom it is about. */
  readonly sub?: string
  /** Who did it to them. */
  readonly by?: string
  readonly clientId?: string
  readonly sid?: string
  readonly requestId?: string
  readonly decisionId?: string
  readonly detail?: string
  /** Kind and id of what was changed; a session is named by `sid`. */
  readonly resource?: string
  /** Names of the attributes that were set to another value. */
  readonly changed?: readonly string[]
}

/** What a receiver of Security Event Tokens is told of it: SSF 1.0, CAEP 1.0. */
export type OutgoingSignal =
  | { readonly type: 'session_revoked'; readonly reasons: boolean }
  | {
      readonly type: 'credential_change'
      readonly credentialType: string
      readonly changeType: 'create' | 'revoke' | 'update' | 'delete'
      readonly reasons: boolean
    }
  | { readonly type: 'token_claims_change'; readonly claims: readonly string[]; readonly reasons: boolean }
  | {
      readonly type: 'assurance_level_change'
      readonly current: string
      readonly previous: string
      /** Absent where the two stand in no order. */
      readonly direction?: 'increase' | 'decrease'
      readonly reasons: boolean
    }
  | { readonly type: 'verification'; readonly state?: string }

/** A task of the outbox: an event that receivers are yet to be found for (no `signal`), or one that a receiver is to get. */
export interface OutboxTask {
  readonly v: 1
  /** The same for the same event and receiver: what is begun anew is not told under two names. Sorts by time. */
  readonly id: string
  readonly event: OutgoingEvent
  /** Absent where the event goes as it is. */
  readonly signal?: OutgoingSignal
  readonly attempts: number
  readonly createdAt: number
  /** Given up then; the record itself is kept a day longer, so that somebody can say so. */
  readonly expiresAt: number
}

/** What its receiver said of a stream: SSF 1.0 8.1.2. */
export interface StreamStatusRecord {
  readonly v: 1
  readonly status: 'enabled' | 'paused' | 'disabled'
  readonly reason?: string
}

/** Tasks that wait at most in one queue, so that no dead receiver fills the store. */
export const MAX_OUTBOX_TASKS = 10_000

/** How much longer than its receivers wait a task is kept. */
export const OUTBOX_SLACK_SECONDS = 24 * 60 * 60

/** Security events on their way out, in queues: one for each receiver. At least once: what a node began and did not live to do, another does. */
export interface OutboxStore {
  /** Due `delayMs` from now; one of the same id that waits stays as it is. `full`: MAX_OUTBOX_TASKS wait in this queue. */
  add(tenant: string, queue: string, task: OutboxTask, delayMs: number): Promise<'added' | 'full'>
  /** Due ones, each for one caller only, who has `leaseMs` to remove it or put it off. */
  claim(tenant: string, queue: string, leaseMs: number, limit: number): Promise<readonly OutboxTask[]>
  /** Writes it as it is now, due later; nothing where it has been removed. */
  putOff(tenant: string, queue: string, task: OutboxTask, delayMs: number): Promise<void>
  /** Whether it was there: of any number at once, one is told so. */
  remove(tenant: string, queue: string, id: string): Promise<boolean>
  /** Those that are due first, due or not, claimed or not. */
  peek(tenant: string, queue: string, limit: number): Promise<readonly OutboxTask[]>
  waiting(tenant: string, queue: string): Promise<number>
  /** All that wait are due now: nobody fetches them any more, they are sent. */
  hasten(tenant: string, queue: string): Promise<void>
  clear(tenant: string, queue: string): Promise<void>
  /** What waits, and what its receiver said of it: there is no such queue any more. */
  forget(tenant: string, queue: string): Promise<void>
  /** Undefined: nobody has said anything of it. */
  status(tenant: string, queue: string): Promise<StreamStatusRecord | undefined>
  setStatus(tenant: string, queue: string, status: StreamStatusRecord): Promise<void>
}

/** Tasks that wait at most, so that unreachable clients don't fill the store. */
export const MAX_LOGOUT_TASKS = 100_000

/** Sign-outs that are not finished: what a node began and did not live to do, another does. */
export interface LogoutStore {
  /** Due `delayMs` from now; one of the same id takes the place of the other. `full`: MAX_LOGOUT_TASKS wait. */
  add(tenant: string, task: LogoutTask, delayMs: number): Promise<'added' | 'full'>
  /** Due ones, each for one caller only, who has `leaseMs` to remove it or put it off. */
  claim(tenant: string, leaseMs: number, limit: number): Promise<readonly LogoutTask[]>
  /** Writes it as it is now, due later; nothing where it has been removed. */
  putOff(tenant: string, task: LogoutTask, delayMs: number): Promise<void>
  remove(tenant: string, id: string): Promise<void>
  waiting(tenant: string): Promise<number>
}
