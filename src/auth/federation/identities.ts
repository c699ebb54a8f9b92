/**
 * A person's own accounts at providers: which there are, a further one, one less. What changes how they sign in wants a fresh
 * sign-in and is told to them (checklist 42). Asks `federation`, stages `list`, `start` and `unlink`.
 */
import { identitiesPage } from '../../../web/identities.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { IdentityRecord } from '../../storage/records.ts'
import { seeOther } from '../session/answer-client.ts'
import { formToken } from '../session/csrf.ts'
import { findSession, type LiveSession, sessionSecret } from '../session/session.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import { requireOwnForm } from '../sign-in/waiting.ts'
import { localesOf } from '../user/email.ts'
import { notifyUser } from '../user/notify.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { requireProvider, sendThere } from './start.ts'

export const IDENTITIES = '/account/identities'
const FORM = 'account/identities'

interface Own {
  readonly session: LiveSession
  readonly secret: string
}

async function findOwn(deps: FederationDeps, request: HttpRequest): Promise<Own | undefined> {
  const session = await findSession(deps, request)
  const secret = sessionSecret(deps.issuer, request)
  return session === undefined || secret === undefined ? undefined : { session, secret }
}

const signInFirst = (deps: FederationDeps, request: HttpRequest): Promise<Reply> =>
  signInFor(deps, request, { page: IDENTITIES })

/** Whoever it is by now, it must be this person. */
const stepUpFirst = (deps: FederationDeps, request: HttpRequest, { session }: Own): Promise<Reply> =>
  signInFor(deps, request, { page: IDENTITIES, fresh: true, onlySub: session.user.sub })

function requireAllowed(verdict: Verdict<'federation'>): Extract<Verdict<'federation'>, { allow: true }> {
  if (verdict.allow) return verdict
  const last = verdict.reasons.includes('last_way_in')
  throw new OAuthError(publicCode('federation', verdict, 'access_denied'), {
    ...(last && { detail: TOLD.lastWayIn }),
  })
}

/** GET /account/identities. */
export async function showIdentities(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const own = await findOwn(deps, request)
  const verdict = own && (await askFederation(deps, request, { stage: 'list', purpose: 'link', session: own.session }))
  if (own === undefined || verdict === undefined) return signInFirst(deps, request)
  requireAllowed(verdict)

  const { user } = own.session
  const linked = await deps.store.identities.list(request.tenant, user.sub)
  const page = identitiesPage({
    frame: { accountName: user.userName, paths: deps.accountPaths, uiLocales: localesOf(user) },
    formToken: formToken(own.secret, FORM),
    linked: linked.map(({ key, provider, label, linkedAt }) => ({
      key,
      provider: deps.providers.find(provider)?.options.displayName ?? provider,
      label,
      linkedAt,
    })),
    offered: deps.providers.all.map(({ options, state }) => ({
      id: options.id,
      name: options.displayName,
      available: state === 'closed',
    })),
    leadsTo: deps.providers.all.map(({ origin }) => origin),
  })
  return { status: 200, ...page }
}

/** POST /account/identities/link. */
export async function beginLink(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const own = await findOwn(deps, request)
  if (own === undefined) return signInFirst(deps, request)
  requireOwnForm(deps, request, own.secret, FORM)
  const provider = requireProvider(deps, request.form.get('provider'))
  const { session } = own

  const facts = { stage: 'start', purpose: 'link', provider: provider.options, session } as const
  const { obligations } = requireAllowed(await askFederation(deps, request, facts))
  if (obligations.step_up === 'required') return stepUpFirst(deps, request, own)
  if (obligations.next !== 'provider') throw new OAuthError('access_denied')

  return sendThere(deps, request, provider, { purpose: 'link', sub: session.user.sub }, true)
}

/** Could the person still sign in without it? */
async function hasOtherWays(deps: FederationDeps, request: HttpRequest, own: Own, all: readonly IdentityRecord[]) {
  if (all.some(({ provider }, index) => index > 0 && deps.providers.find(provider) !== undefined)) return true
  const enrolled = await deps.enrolled(request.tenant, own.session.user)
  return enrolled.some((kind) => kind === 'password' || kind === 'passkey')
}

/** POST /account/identities/unlink. */
export async function unlink(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const own = await findOwn(deps, request)
  if (own === undefined) return signInFirst(deps, request)
  requireOwnForm(deps, request, own.secret, FORM)
  const { session } = own
  const { user } = session
  const all = await deps.store.identities.list(request.tenant, user.sub)
  const identity = all.find(({ key }) => key === request.form.get('identity'))
  if (identity === undefined) return seeOther(IDENTITIES)
  const options = deps.providers.find(identity.provider)?.options

  const rest = [identity, ...all.filter(({ key }) => key !== identity.key)]
  const otherWays = await hasOtherWays(deps, request, own, rest)
  const facts = { stage: 'unlink', purpose: 'link', linked: 'subject', provider: options, session, otherWays } as const
  const { obligations, decisionId } = requireAllowed(await askFederation(deps, request, facts))
  if (obligations.step_up === 'required') return stepUpFirst(deps, request, own)

  await deps.store.identities.unlink(request.tenant, user.sub, identity.key)
  await deps.audit({
    event: 'identity_unlinked',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    decision_id: decisionId,
    resource: `provider/${identity.provider}`,
  })
  notifyUser(deps, user, 'account_unlinked', { provider: options?.displayName ?? identity.provider })
  return seeOther(IDENTITIES)
}
