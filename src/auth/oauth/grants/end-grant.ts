/** What the second use of a code or refresh token does: the whole grant ends, and audit says so. RFC 6749 4.1.2, RFC 9700 4.14. */
import type { Audit, AuditEventName } from '../../../audit/events.ts'
import type { HttpRequest } from '../../../http/message.ts'
import type { GrantRecord } from '../../../storage/records.ts'

export type EndGrant = (
  event: Extract<AuditEventName, 'code_reuse' | 'refresh_token_reuse'>,
  request: HttpRequest,
  grant: GrantRecord,
) => Promise<void>

/**
 * The store has revoked the grant already, in the step that saw the reuse. What had ended before ends nothing more: whoever has
 * an old token cannot raise the alarm again and again.
 */
export const endGrantWith =
  (audit: Audit): EndGrant =>
  async (event, request, grant) => {
    const about = {
      tenant: request.tenant,
      request_id: request.id,
      client_id: grant.clientId,
      sub: grant.sub,
      grant_id: grant.grantId,
    }
    if (grant.revoked) await audit({ event, ...about, detail: 'ended_before' })
    else await Promise.all([audit({ event, ...about }), audit({ event: 'grant_revoked', ...about, detail: event })])
  }
