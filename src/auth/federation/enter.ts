/**
 * Somebody comes in by a provider: as whom it is linked to, with a new account, or first to prove that an account here is
 * theirs. The account is known by issuer and subject, never by an address (checklist 43). What follows is a sign-in as any
 * other: `login` decides what it reaches and what else is needed (checklist 39).
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { identityKey, type UserRecord } from '../../storage/records.ts'
import { auditRefusal, begin, proceed, refuseStep } from '../sign-in/proceed.ts'
import { findWaiting, type Waiting } from '../sign-in/waiting.ts'
import { accountOf } from './account-of.ts'
import { askFederation } from './ask-federation.ts'
import { createPerson } from './create-person.ts'
import type { FederationDeps } from './deps.ts'
import { denied, failedReply } from './failed.ts'
import { proveFirst } from './prove-first.ts'
import type { Came, Provider } from './provider/provider.ts'
import type { Errand } from './trip.ts'
import { keepForSignOut } from './upstream-session.ts'

async function signIn(
  deps: FederationDeps,
  request: HttpRequest,
  waiting: Waiting,
  provider: Provider,
  errand: Errand,
  came: Came,
  user: UserRecord,
  obligations: Obligations<'federation'>,
): Promise<Reply> {
  const again = () => failedReply(provider.options, 'denied', errand)
  const begun = await begin(deps, request, waiting, { userName: user.userName, user, proof: 'unguessable' })
  if ('denied' in begun) {
    await auditRefusal(deps, request, waiting, begun.denied, user)
    return refuseStep(begun.denied, again)
  }
  const { acr, keep_seconds: keepSeconds } = obligations
  const step = { factor: 'federated', outcome: 'verified', user, tried: begun.tried, acr, again } as const
  const reply = await proceed(deps, request, waiting, step)
  return keepForSignOut(deps, request, reply, { provider, sub: user.sub, kept: came.kept, keepSeconds })
}

export async function enter(
  deps: FederationDeps,
  request: HttpRequest,
  provider: Provider,
  errand: Extract<Errand, { purpose: 'sign_in' }>,
  came: Came,
): Promise<Reply> {
  const { options } = provider
  const { upstream } = came
  const waiting = await findWaiting(deps, request, errand.interaction)
  const identity = await deps.store.identities.find(request.tenant, identityKey(upstream.issuer, upstream.subject))
  const linked = identity && (await deps.store.users.find(request.tenant, identity.sub))
  const found = linked ? { account: 'none' as const } : await accountOf(deps.store.users, request.tenant, upstream)

  const verdict = await askFederation(deps, request, {
    stage: 'entered',
    purpose: 'sign_in',
    waiting,
    provider: options,
    upstream,
    linked: linked ? 'subject' : 'nobody',
    account: found.account,
    user: linked,
    holder: found.user,
  })
  if (!verdict.allow) return denied(deps, request, options, verdict, errand)

  const { obligations } = verdict
  const count = (outcome: string) => deps.federationMetrics.outcomes.inc({ provider: options.id, outcome })
  const goOn = (user: UserRecord) => signIn(deps, request, waiting, provider, errand, came, user, obligations)
  // A policy that says more than the facts bear signs nobody in, and links nothing that was not proven.
  switch (obligations.next) {
    case 'enter':
      if (linked === undefined) throw new OAuthError('access_denied')
      count('entered')
      return goOn(linked)
    case 'create': {
      if (linked !== undefined || found.account === 'verified') throw new OAuthError('access_denied')
      const user = await createPerson(deps, request, options, upstream, obligations)
      count('created')
      return goOn(user)
    }
    case 'prove':
      if (linked !== undefined || found.user === undefined) throw new OAuthError('access_denied')
      count('to_prove')
      return proveFirst(deps, request, waiting, options, upstream, found.user)
    default:
      throw new OAuthError('access_denied')
  }
}
