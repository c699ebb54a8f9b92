/** What the endpoints of signing keys share: what they need, how a key is answered, how an act on keys is told to the audit log. */
import type { AuditEventName } from '../../../audit/events.ts'
import type { HttpRequest } from '../../../http/message.ts'
import type { KeySet } from '../../../storage/port.ts'
import type { SigningKeyRecord } from '../../../storage/records.ts'
import { auditKeys } from '../../keys/audit-keys.ts'
import type { Kept, KeyKeeper } from '../../keys/keeper.ts'
import type { KeyRules } from '../../keys/rules.ts'
import type { KeyRing } from '../../token/key-ring.ts'
import type { Caller } from '../actor.ts'
import type { AdminPermit, DecideAdminDeps } from '../decide-admin.ts'

export type KeyDeps = DecideAdminDeps & {
  readonly keeper: KeyKeeper
  readonly keys: Pick<KeyRing, 'refresh'>
}

/** When this life goes on by itself: of the next key when it may sign, of the current one when it turns, of others when they go. */
function prospects({ state, since, readyAt, asked }: SigningKeyRecord, rules: KeyRules) {
  if (state === 'next') return { ready_at: readyAt, ...(asked && { asked }) }
  return state === 'current' ? { rotates_at: since + rules.rotateSeconds } : { removed_at: since + rules.retireSeconds }
}

function renderKey(key: SigningKeyRecord, rules: KeyRules, visible: ReadonlySet<string>) {
  const { kid, alg, state, since } = key
  const fields = {
    alg,
    state,
    since,
    created_at: key.createdAt,
    kek_id: key.kekId,
    ...prospects(key, rules),
  }
  return { kid, ...Object.fromEntries(Object.entries(fields).filter(([field]) => visible.has(field))) }
}

const ORDER = { current: 0, next: 1, retiring: 2 } as const

/** By algorithm in the order of the configuration, then the one that signs first. */
export function renderKeys({ keys, nowSeconds }: KeySet, rules: KeyRules, visible: ReadonlySet<string>) {
  const rank = (key: SigningKeyRecord) => (rules.algorithms.indexOf(key.alg) + 5) % 5
  const sorted = keys.toSorted(
    (left, right) => rank(left) - rank(right) || ORDER[left.state] - ORDER[right.state] || right.since - left.since,
  )
  return { now: nowSeconds, keys: sorted.map((key) => renderKey(key, rules, visible)) }
}

/** This node knows it at once, the others when they ask next; nothing is answered as done before it is written down. */
export async function tellChanges(
  deps: KeyDeps,
  caller: Caller,
  request: HttpRequest,
  { changes }: Pick<Kept, 'changes'>,
  { decisionId }: AdminPermit,
  asked?: AuditEventName,
): Promise<void> {
  await deps.keys.refresh()
  const who = {
    tenant: caller.tenant,
    request_id: request.id,
    client_id: caller.actor.client_id,
    ...(caller.actor.sub !== undefined && { sub: caller.actor.sub }),
    decision_id: decisionId,
  }
  if (asked !== undefined) await deps.audit({ event: asked, ...who, resource: 'keys' })
  await auditKeys(deps.audit, changes, who)
}
