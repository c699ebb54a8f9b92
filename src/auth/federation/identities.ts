/**
 * A person's own accounts at providers: which there are, a further one, one less. What changes how they sign in wants a fresh
 * sign-in and is told to them (checklist 42). Asks `account`, at the level of whatever changes who gets in, and then `federation`,
 * stages `list`, `start` and `unlink`: both hold.
 */
import { identitiesPage } from '../../../web/account/identities.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import { seeOther } from '../session/answer-client.ts'
import { type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { keptWay } from '../sign-in/other-way-in.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import { notifyUser } from '../user/notify.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { requireProvider, sendThere } from './start.ts'

export const IDENTITIES = '/account/identities'

const VIEW = { action: 'view', type: 'identity', page: IDENTITIES } as const
const LINK = { ...VIEW, action: 'link_identity' } as const
const UNLINK = { ...VIEW, action: 'unlink_identity' } as const

/** As fresh as `federation` wants it, at the level that `account` named; whoever it is by now, it must be this person. */
const stepUpFirst = (
  deps: FederationDeps,
  request: HttpRequest,
  { session, obligations }: AccountVisit,
): Promise<Reply> =>
  signInFor(deps, request, {
    page: IDENTITIES,
    essentialAcr: obligations.acr,
    fresh: true,
    onlySub: session.user.sub,
    loginHint: session.user.userName,
  })

function requireAllowed(verdict: Verdict<'federation'>): Extract<Verdict<'federation'>, { allow: true }> {
  if (verdict.allow) return verdict
  const last = verdict.reasons.includes('last_way_in')
  throw new OAuthError(publicCode('federation', verdict, 'access_denied'), {
    ...(last && { detail: TOLD.lastWayIn }),
  })
}

/** GET /account/identities. */
export const showIdentities = (deps: FederationDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, VIEW, async ({ session, frame, formToken }) => {
    requireAllowed(await askFederation(deps, request, { stage: 'list', purpose: 'link', session }))

    const linked = await deps.store.identities.list(request.tenant, session.user.sub)
    const page = identitiesPage({
      frame,
      formTokens: { link: formToken(LINK), unlink: formToken(UNLINK) },
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
  })

/** POST /account/identities/link. */
export const beginLink = (deps: FederationDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, LINK, async (visit) => {
    const provider = requireProvider(deps, request.form.get('provider'))
    const { session } = visit

    const facts = { stage: 'start', purpose: 'link', provider: provider.options, session } as const
    const { obligations } = requireAllowed(await askFederation(deps, request, facts))
    if (obligations.step_up === 'required') return stepUpFirst(deps, request, visit)
    if (obligations.next !== 'provider') throw new OAuthError('access_denied')

    return sendThere(deps, request, provider, { purpose: 'link', sub: session.user.sub }, true)
  })

/** POST /account/identities/unlink. */
export const unlink = (deps: FederationDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, UNLINK, async (visit) => {
    const { session } = visit
    const { user } = session
    const all = await deps.store.identities.list(request.tenant, user.sub)
    const identity = all.find(({ key }) => key === request.form.get('identity'))
    if (identity === undefined) return seeOther(IDENTITIES)
    const options = deps.providers.find(identity.provider)?.options

    const other = await deps.otherWayIn(request.tenant, user, { identity: identity.key })
    const facts = {
      stage: 'unlink',
      purpose: 'link',
      linked: 'subject',
      provider: options,
      session,
      otherWays: other !== undefined,
    } as const
    const { obligations, decisionId } = requireAllowed(await askFederation(deps, request, facts))
    if (obligations.step_up === 'required') return stepUpFirst(deps, request, visit)

    const { identities } = deps.store
    const written = await identities.unlink(request.tenant, user.sub, identity.key, keptWay(other))
    // What they were to keep has gone meanwhile: all is read and decided anew.
    if (written === 'conflict') return unlink(deps, request)
    if (written === 'missing') return seeOther(IDENTITIES)
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
  })
