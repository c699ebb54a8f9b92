/**
 * Keeps for each person what happened to their account, fed by security events: the person's own record in the store, beside
 * the audit log, which stays pseudonymous. Refused attempts are written after the answer, and for nobody as for somebody, so
 * that neither time nor work tells which accounts there are (checklist 37). OWASP ASVS 6.3.5, 7.5.2.
 */
import type { AuditEvent, AuditEventName, AuditListener } from '../../audit/events.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { digestOf, randomId } from '../../kernel/ids.ts'
import type { ActivityRecord, ActivityShelf, ActivityStore, Appended } from '../../storage/activity-port.ts'
import type { Visits } from './visits.ts'

export interface RecordActivityDeps {
  readonly store: { readonly activity: Pick<ActivityStore, 'append'> }
  readonly clock: Clock
  readonly visits: Visits
  readonly onFailure: (error: unknown) => void
}

export interface ActivityRecorder {
  readonly hear: AuditListener
  /** Resolves once all that was heard is written or has failed. */
  settled(): Promise<void>
}

const DAY_SECONDS = 24 * 60 * 60
/** Long enough to look back over a holiday and the season around it. */
const KEPT_SECONDS = 180 * DAY_SECONDS
/** Attempts alike within it are one entry. */
const FOLD_SECONDS = 60 * 60
/** Refused attempts that wait to be written; further ones are not kept. */
const MOST_WAITING = 1000
/** Nobody has it. */
const NOBODY = '-'

const DONE: ReadonlySet<AuditEventName> = new Set([
  'sign_in',
  'session_ended',
  'session_changed',
  'factor_added',
  'factor_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'password_changed',
  'password_reset',
  'email_verified',
  'email_changed',
  'profile_changed',
  'identity_linked',
  'identity_unlinked',
  'device_remembered',
  'device_forgotten',
  'device_grant_approved',
  'consent_granted',
  'consent_withdrawn',
  'grant_revoked',
  'person_exported',
])

/** Anybody can make these happen to an account. */
const REFUSED: ReadonlySet<AuditEventName> = new Set([
  'sign_in_failed',
  'factor_failed',
  'password_reset_asked',
  'threat_answered',
])

/** Grants that end with their session, or with a consent, are no news of their own. */
const TOLD_REVOCATIONS: ReadonlySet<string | undefined> = new Set([
  'administrator',
  'person',
  'code_reuse',
  'refresh_token_reuse',
])

function shelfOf({ event, detail }: AuditEvent): ActivityShelf | undefined {
  // What was looked at and let be is no news.
  if (event === 'threat_answered' && detail?.endsWith(':allow') === true) return undefined
  if (REFUSED.has(event)) return 'refused'
  if (event === 'grant_revoked' && !TOLD_REVOCATIONS.has(detail)) return undefined
  return DONE.has(event) ? 'done' : undefined
}

function appendedOf(shelf: ActivityShelf, record: ActivityRecord): Appended {
  if (shelf === 'done') return { shelf, record }
  const { kind, detail, clientId, place, at } = record
  const alike = [kind, detail, clientId, place?.browser, place?.system, place?.network]
  return { shelf, record, fold: { key: digestOf(JSON.stringify(alike)), since: at - FOLD_SECONDS } }
}

export function recordActivity({ store, clock, visits, onFailure }: RecordActivityDeps): ActivityRecorder {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const recordOf = (event: AuditEvent): ActivityRecord => {
    const place = visits.placeOf(event.request_id)
    const at = epochSeconds(clock)
    return {
      v: 1,
      id: randomId(),
      kind: event.event,
      ...(event.detail !== undefined && { detail: event.detail }),
      ...(event.client_id !== undefined && { clientId: event.client_id }),
      ...(place && { place }),
      at,
      expiresAt: at + KEPT_SECONDS,
    }
  }
  const later = (tenant: string, sub: string, appended: Appended): void => {
    if (waiting >= MOST_WAITING) return
    waiting += 1
    last = last
      .then(() => store.activity.append(tenant, sub, appended))
      .catch(onFailure)
      .finally(() => {
        waiting -= 1
      })
  }
  return {
    hear: (event) => {
      const shelf = shelfOf(event)
      if (shelf === undefined) return undefined
      const appended = appendedOf(shelf, recordOf(event))
      const { tenant, sub } = event
      if (shelf === 'done')
        return sub === undefined ? undefined : store.activity.append(tenant, sub, appended).then(() => undefined)
      later(tenant, sub ?? NOBODY, appended)
      return undefined
    },
    settled: async () => {
      await last
    },
  }
}
