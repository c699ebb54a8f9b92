/** Apps with access: what a person agreed to, and what is given in their name: GET /account/consents. Asks `account`. */
import { type AppView, consentsPage } from '../../../web/account/consents.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { ClientStore, ConsentStore, ConsentTo, GrantStore } from '../../storage/port.ts'
import type { ClientRecord, GrantRecord } from '../../storage/records.ts'
import { grantsOf, type RevokeGrantsDeps } from '../session/revoke-grants.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { grantIsLive } from '../token/live.ts'
import { clientsOf } from './clients-of.ts'

export type ConsentsDeps = AccountPageDeps &
  RevokeGrantsDeps & {
    readonly store: {
      readonly clients: Pick<ClientStore, 'find'>
      readonly consents: Pick<ConsentStore, 'list' | 'delete'>
      readonly grants: Pick<GrantStore, 'list' | 'find' | 'revoke' | 'lastRefreshedAt'>
    }
  }

export const CONSENTS_PAGE = '/account/consents'

/** More than that nobody reads; withdrawing an app's access ends all that it has. */
const MOST_APPS = 100
const MOST_GRANTS = 500

async function liveGrants(
  deps: ConsentsDeps,
  tenant: string,
  { session: { user } }: AccountVisit,
): Promise<{ readonly grants: readonly GrantRecord[]; readonly clients: ReadonlyMap<string, ClientRecord> }> {
  const all: GrantRecord[] = []
  for await (const grant of grantsOf(deps, tenant, { sub: user.sub })) {
    all.push(grant)
    if (all.length >= MOST_GRANTS) break
  }
  const clients = await clientsOf(
    deps,
    tenant,
    all.map(({ clientId }) => clientId),
  )
  const now = epochSeconds(deps.clock)
  return { grants: all.filter((grant) => grantIsLive(grant, clients.get(grant.clientId), user, now)), clients }
}

async function appView(
  deps: ConsentsDeps,
  tenant: string,
  { formToken }: AccountVisit,
  client: ClientRecord,
  consent: ConsentTo | undefined,
  grants: readonly GrantRecord[],
): Promise<AppView> {
  const { clientId } = client
  return {
    clientId,
    name: client.name,
    firstParty: client.firstParty,
    selfRegistered: client.registration !== undefined,
    scopes: [...new Set([...(consent?.scopes ?? []), ...grants.flatMap(({ scopes }) => scopes)])],
    consent,
    grants: await Promise.all(
      grants.map(async ({ grantId, scopes, createdAt }) => ({
        grantId,
        scopes,
        since: createdAt,
        lastUse: await deps.store.grants.lastRefreshedAt(tenant, grantId),
        formToken: formToken({ action: 'revoke_grant', type: 'grant', id: grantId }),
      })),
    ),
    formToken: formToken({ action: 'withdraw_consent', type: 'consent', id: clientId }),
  }
}

async function appsOf(deps: ConsentsDeps, tenant: string, visit: AccountVisit): Promise<readonly AppView[]> {
  const { records: consents } = await deps.store.consents.list(tenant, visit.session.user.sub, 0, MOST_APPS)
  const { grants, clients: ofGrants } = await liveGrants(deps, tenant, visit)
  const ofConsents = await clientsOf(
    deps,
    tenant,
    consents.map(({ clientId }) => clientId),
  )
  const clients = new Map([...ofConsents, ...ofGrants])
  const inUse = (clientId: string) => grants.filter((grant) => grant.clientId === clientId)
  const consentTo = (clientId: string) => consents.find((consent) => consent.clientId === clientId)
  // An app of our own asks nobody: what was once agreed to gives it nothing, and there would be nothing to withdraw.
  const shown = [...clients.values()].filter(
    ({ clientId, firstParty }) => (consentTo(clientId) !== undefined && !firstParty) || inUse(clientId).length > 0,
  )
  return Promise.all(
    shown.map((client) => appView(deps, tenant, visit, client, consentTo(client.clientId), inUse(client.clientId))),
  )
}

/** GET /account/consents. */
export const showConsents = (deps: ConsentsDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, { action: 'view', type: 'consent', page: CONSENTS_PAGE }, async (visit) => {
    const page = consentsPage({
      frame: visit.frame,
      apps: await appsOf(deps, request.tenant, visit),
      done: (['withdrawn', 'ended'] as const).find((word) => word === request.query.get('done')),
    })
    return { status: 200, ...page }
  })
