/** Ends grants of a person at once, with all their tokens. Checklist 30. */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { GrantStore, GrantsOf } from '../../storage/port.ts'
import type { GrantRecord } from '../../storage/records.ts'

export interface RevokeGrantsDeps {
  readonly store: { readonly grants: Pick<GrantStore, 'list' | 'revoke'> }
  readonly audit: Audit
}

const PAGE = 200

/** Those that have not been revoked. Revoking moves none to another page. */
export async function* grantsOf(deps: RevokeGrantsDeps, tenant: string, of: GrantsOf): AsyncGenerator<GrantRecord> {
  for (let offset = 0; ; offset += PAGE) {
    const { records, total } = await deps.store.grants.list(tenant, of, offset, PAGE)
    yield* records.filter(({ revoked }) => !revoked)
    if (offset + PAGE >= total) return
  }
}

export async function revokeGrants(
  deps: RevokeGrantsDeps,
  request: HttpRequest,
  sub: string,
  isMeant: (grant: GrantRecord) => boolean,
  detail: 'person' | 'consent_withdrawn',
  of: GrantsOf = { sub },
): Promise<void> {
  for await (const grant of grantsOf(deps, request.tenant, of))
    if (grant.sub === sub && isMeant(grant)) await revokeOne(deps, request, grant, detail)
}

export async function revokeOne(
  deps: RevokeGrantsDeps,
  request: HttpRequest,
  { grantId, clientId, sub }: GrantRecord,
  detail: 'person' | 'consent_withdrawn',
): Promise<void> {
  await deps.store.grants.revoke(request.tenant, grantId)
  const about = { tenant: request.tenant, request_id: request.id, client_id: clientId, sub, grant_id: grantId }
  await deps.audit({ event: 'grant_revoked', ...about, detail })
}
