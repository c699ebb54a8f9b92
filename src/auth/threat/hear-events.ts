/** Signals that rise from what audit tells: codes, tokens and proofs that came twice, and people who agreed to a client. */
import type { AuditEvent, AuditListener } from '../../audit/events.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { LimitStore } from '../../storage/port.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import type { CounterKeys } from './keys.ts'
import { noteLately } from './lately.ts'
import { HOUR_SECONDS, RISES_AT } from './rules.ts'
import { hasRisen, type Raise, type Signal } from './signal.ts'

export interface HearEventsDeps {
  readonly store: {
    readonly limits: Pick<LimitStore, 'hit'>
    readonly threats: Pick<ThreatStore, 'addDistinct'>
  }
  readonly keys: CounterKeys
  readonly raise: Raise
}

/** Details of `factor_failed`. */
const FACTORS: Readonly<Record<string, Signal['kind']>> = {
  'totp:replayed': 'totp_code',
  'passkey:replayed': 'passkey_challenge',
  'passkey:counter_regressed': 'passkey_counter',
  'passkey:backup_changed': 'passkey_counter',
  'recovery_code:replayed': 'recovery_code',
  'reset_link:replayed': 'reset_link',
}

type Heard = Pick<Signal, 'signal' | 'kind'> | 'agreed'

function heard({ event, detail }: AuditEvent): Heard | undefined {
  if (detail === 'ended_before') return undefined
  switch (event) {
    case 'code_reuse':
      return { signal: 'replay', kind: 'code' }
    case 'pushed_request_reuse':
      return { signal: 'replay', kind: 'request_uri' }
    case 'refresh_token_reuse':
      return { signal: 'refresh_reuse' }
    case 'dpop_proof_rejected':
      return detail === 'replayed' ? { signal: 'replay', kind: 'dpop_proof' } : undefined
    case 'client_authentication_failed':
      return detail === 'assertion_replayed' ? { signal: 'replay', kind: 'client_assertion' } : undefined
    case 'factor_failed': {
      const kind = detail !== undefined && Object.hasOwn(FACTORS, detail) ? FACTORS[detail] : undefined
      return kind && { signal: 'replay', kind }
    }
    case 'consent_granted':
    case 'device_grant_approved':
      return 'agreed'
    default:
      return undefined
  }
}

/** What nobody has to wait for is told to nobody: an event of no concern costs a look at its name. */
export const hearEvents =
  (deps: HearEventsDeps): AuditListener =>
  (event) => {
    const what = heard(event)
    if (what === undefined) return undefined
    return what === 'agreed' ? agreed(deps, event) : cameTwice(deps, event, what)
  }

async function cameTwice(deps: HearEventsDeps, event: AuditEvent, what: Exclude<Heard, 'agreed'>): Promise<void> {
  const { tenant, sub, client_id: clientId, grant_id: grantId, request_id: requestId } = event
  if (grantId !== undefined && !(await isFirstOf(deps, tenant, grantId))) return
  const counted = what.signal === 'refresh_reuse' ? 'refresh_reuse' : 'replays'
  const about = sub ?? clientId ?? 'nobody'
  // It is no secret of the client's: whoever came with theirs to a sign-in can raise it, so it counts with nothing else.
  const apart = what.kind === 'request_uri' ? `${what.kind} ${about}` : about
  const count = await noteLately(deps.store.limits, tenant, counted, apart)
  const countAtClient =
    counted === 'refresh_reuse' && sub !== undefined && clientId !== undefined
      ? await noteLately(deps.store.limits, tenant, counted, `${sub} ${clientId}`)
      : undefined
  const signal = { ...what, tenant, requestId, sub, clientId, grantId, count, countAtClient }
  // Each grant has its own answer; of what nobody owns one answer for each doubling.
  if (
    grantId !== undefined ||
    (await hasRisen(deps.store.limits, tenant, `${counted} ${what.kind ?? ''} ${about}`, count, 1))
  )
    deps.raise(signal)
}

/** Of a hundred that came at once, while the grant was about to end. */
const isFirstOf = async ({ store }: HearEventsDeps, tenant: string, grantId: string): Promise<boolean> =>
  (await store.limits.hit(tenant, `reused:${digestOf(grantId)}`, HOUR_SECONDS)) === 1

async function agreed(deps: HearEventsDeps, { tenant, sub, client_id: clientId }: AuditEvent): Promise<void> {
  if (sub === undefined || clientId === undefined) return
  const { store, keys } = deps
  const key = keys.client('agreed', clientId)
  const count = await store.threats.addDistinct(tenant, key, keys.personItem(sub), HOUR_SECONDS)
  if (await hasRisen(store.limits, tenant, key, count, RISES_AT.consent_phishing))
    deps.raise({ signal: 'consent_phishing', tenant, clientId, count })
}
