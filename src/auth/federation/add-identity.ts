/** Links an account at a provider to a person, tells the audit log and the person. Checklist 42 and 43. */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { identityKey, type UserRecord } from '../../storage/records.ts'
import { notifyUser } from '../user/notify.ts'
import { identityOf } from './create-person.ts'
import type { FederationDeps } from './deps.ts'
import type { ProviderOptions } from './provider/options.ts'
import type { Upstream } from './provider/upstream.ts'

/** Whom the account at the provider belongs to, seen from this person. */
export async function linkedTo(
  deps: FederationDeps,
  tenant: string,
  { issuer, subject }: Upstream,
  sub: string | undefined,
): Promise<'nobody' | 'subject' | 'another'> {
  const identity = await deps.store.identities.find(tenant, identityKey(issuer, subject))
  if (identity === undefined) return 'nobody'
  return identity.sub === sub ? 'subject' : 'another'
}

/** Throws access_denied where somebody was faster, or the person has too many. */
export async function addIdentity(
  deps: FederationDeps,
  request: HttpRequest,
  options: ProviderOptions,
  upstream: Upstream,
  user: UserRecord,
): Promise<void> {
  const identity = identityOf(options, upstream, user.sub, request.origin.time.epoch_seconds)
  if ((await deps.store.identities.link(request.tenant, identity)) !== 'written')
    throw new OAuthError('access_denied', { detail: TOLD.connectedAlready })
  deps.federationMetrics.outcomes.inc({ provider: options.id, outcome: 'linked' })
  await deps.audit({
    event: 'identity_linked',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    detail: 'linked',
    resource: `provider/${options.id}`,
  })
  notifyUser(deps, user, 'account_linked', { provider: options.displayName })
}
