/**
 * Which security events leave the house, and as what. Those of everyday traffic (a token issued, one refused) stay in the
 * audit log: whoever wants them reads them there.
 */
import type { AuditEvent, AuditEventName } from '../../audit/events.ts'
import type { OutgoingEvent } from '../../storage/outbox-port.ts'

export const LEAVING = [
  'client_authentication_failed',
  'code_reuse',
  'pushed_request_reuse',
  'refresh_token_reuse',
  'grant_revoked',
  'sign_in',
  'sign_in_failed',
  'sign_in_refused',
  'sign_out',
  'session_ended',
  'session_bound',
  'session_changed',
  'step_up_required',
  'assurance_level_changed',
  'consent_granted',
  'consent_refused',
  'consent_withdrawn',
  'scim_changed',
  'admin_changed',
  'client_registered',
  'registration_changed',
  'registration_deleted',
  'registration_refused',
  'setup_used',
  'setup_refused',
  'key_activated',
  'key_revoked',
  'keys_rotation_asked',
  'keys_rewrapped',
  'rate_limited',
  'factor_added',
  'factor_removed',
  'factor_failed',
  'recovery_codes_made',
  'recovery_code_used',
  'password_changed',
  'password_reset_asked',
  'password_reset',
  'email_verified',
  'email_changed',
  'profile_changed',
  'identity_linked',
  'identity_unlinked',
  'federation_failed',
  'device_added',
  'device_remembered',
  'device_forgotten',
  'device_grant_approved',
  'device_grant_refused',
  'risk_signal',
  'threat_answered',
  'person_exported',
  'person_erased',
] as const satisfies readonly AuditEventName[]

const NAMES: ReadonlySet<string> = new Set(LEAVING)

export const leaves = ({ event }: AuditEvent): boolean => NAMES.has(event)

const PERSON = /^[Uu]ser:(.+)$/
const SESSION = /^session:(.+)$/

/** Whom it is about, and who did it: of a change by SCIM or by an administrator these are two. */
function peopleIn({ event, sub, resource = '' }: AuditEvent): Pick<OutgoingEvent, 'sub' | 'by'> {
  if (event !== 'scim_changed' && event !== 'admin_changed') return sub === undefined ? {} : { sub }
  const [, about] = PERSON.exec(resource) ?? []
  return { ...(about !== undefined && { sub: about }), ...(sub !== undefined && { by: sub }) }
}

/** By ids and bounded words alone. */
export function outgoing(event: AuditEvent, id: string, at: number): OutgoingEvent {
  const { client_id: clientId, request_id: requestId, decision_id: decisionId, detail, resource, changed } = event
  const [, sid] = SESSION.exec(resource ?? '') ?? []
  return {
    id,
    name: event.event,
    at,
    ...peopleIn(event),
    ...(sid !== undefined && { sid }),
    ...(clientId !== undefined && { clientId }),
    ...(requestId !== undefined && { requestId }),
    ...(decisionId !== undefined && { decisionId }),
    ...(detail !== undefined && { detail }),
    ...(resource !== undefined && sid === undefined && { resource }),
    ...(changed !== undefined && { changed }),
  }
}
