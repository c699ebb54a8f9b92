/**
 * A person takes back what an app was given: POST /account/consents/withdraw ends its consent with all its grants, POST
 * /account/grants/revoke one grant. Their tokens die with them at once. Asks `account`. Checklist 30.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { SessionStore } from '../../storage/port.ts'
import { grantsOf, revokeGrants, revokeOne } from '../session/revoke-grants.ts'
import { accountPage } from '../sign-in/account-page.ts'
import { CONSENTS_PAGE, type ConsentsDeps } from './consents.ts'

export type WithdrawDeps = ConsentsDeps & {
  readonly store: {
    readonly consents: Pick<ConsentsDeps['store']['consents'], 'list' | 'delete'> & {
      find(tenant: string, sub: string, clientId: string): Promise<unknown>
    }
    readonly sessions: Pick<SessionStore, 'list'>
  }
}

const SESSIONS = 200

const backWith = (done: 'withdrawn' | 'ended'): Reply => ({
  status: 303,
  headers: { location: `${CONSENTS_PAGE}?done=${done}` },
})

async function hasAccess(deps: WithdrawDeps, tenant: string, sub: string, clientId: string): Promise<boolean> {
  if ((await deps.store.consents.find(tenant, sub, clientId)) !== undefined) return true
  for await (const grant of grantsOf(deps, tenant, { sub })) if (grant.clientId === clientId) return true
  return false
}

/** Those too whose code waits to be redeemed: they are known by their session only. */
async function revokeAllOf(deps: WithdrawDeps, request: HttpRequest, sub: string, clientId: string): Promise<void> {
  const isOfClient = (grant: { readonly clientId: string }) => grant.clientId === clientId
  await revokeGrants(deps, request, sub, isOfClient, 'consent_withdrawn')
  for (let offset = 0; ; offset += SESSIONS) {
    const { records, total } = await deps.store.sessions.list(request.tenant, { sub }, offset, SESSIONS)
    for (const { sid } of records) await revokeGrants(deps, request, sub, isOfClient, 'consent_withdrawn', { sid })
    if (offset + SESSIONS >= total) return
  }
}

export function withdrawConsent(deps: WithdrawDeps, request: HttpRequest): Promise<Reply> {
  const id = request.form.get('client_id') ?? ''
  const { tenant } = request
  return accountPage(
    deps,
    request,
    async ({ user }) => {
      const own = await hasAccess(deps, tenant, user.sub, id)
      return { action: 'withdraw_consent', type: 'consent', id, own, page: CONSENTS_PAGE }
    },
    async ({ session: { user }, decisionId }) => {
      // First, so that nothing is given on its strength while its grants end.
      await deps.store.consents.delete(tenant, user.sub, id)
      await revokeAllOf(deps, request, user.sub, id)
      await deps.audit({
        event: 'consent_withdrawn',
        tenant,
        request_id: request.id,
        client_id: id,
        sub: user.sub,
        decision_id: decisionId,
      })
      return backWith('withdrawn')
    },
    { page: CONSENTS_PAGE },
  )
}

export async function revokeOwnGrant(deps: WithdrawDeps, request: HttpRequest): Promise<Reply> {
  const id = request.form.get('grant') ?? ''
  const grant = await deps.store.grants.find(request.tenant, id)
  return accountPage(
    deps,
    request,
    async ({ user }) => {
      const own = grant?.sub === user.sub && !grant.revoked
      return { action: 'revoke_grant', type: 'grant', id, own, page: CONSENTS_PAGE }
    },
    async () => {
      if (grant) await revokeOne(deps, request, grant, 'person')
      return backWith('ended')
    },
    { page: CONSENTS_PAGE },
  )
}
