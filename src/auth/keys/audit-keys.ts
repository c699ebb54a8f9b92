/** What happened to signing keys, as events of the audit log: of themselves, or because an administrator asked. */
import type { Audit, AuditEvent } from '../../audit/events.ts'
import type { KeyChange } from './life.ts'

/** Keys are the platform's, of no tenant but the one there is. */
const TENANT = 'default'

export async function auditKeys(
  audit: Audit,
  changes: readonly KeyChange[],
  asked: Partial<AuditEvent> = {},
): Promise<void> {
  for (const { event, kid, alg } of changes)
    await audit({ tenant: TENANT, ...asked, event, detail: alg, resource: `key:${kid}` })
}
