/** What is written to logs and metrics, by name. Typed by the audit event; the names of decisions' facts are held by privacy.test.ts. */
import type { AuditEvent } from '../../src/audit/events.ts'
import type { FieldClass } from './stored.ts'

export const AUDITED: Readonly<Record<keyof Required<AuditEvent>, FieldClass>> = {
  event: 'plain',
  tenant: 'plain',
  request_id: 'pseudonym',
  client_id: 'plain',
  sub: 'pseudonym',
  grant_id: 'pseudonym',
  decision_id: 'pseudonym',
  detail: 'plain',
  resource: 'pseudonym',
  changed: 'plain',
}

/**
 * Of the facts that decisions get, and the decision log with them, those that are about one person. All other names are `plain`. An
 * address is cut to its network by `system.log.mask` before anything is written.
 */
export const DECIDED: Readonly<Record<string, Exclude<FieldClass, 'secret' | 'plain'>>> = {
  address: 'personal',
  country: 'personal',
  email_domain: 'pseudonym',
  sub: 'pseudonym',
  id: 'pseudonym',
}
