/**
 * The guard of every page of self-service, whichever folder it is in (protocol folders never import each other, so it is
 * here): who is signed in, what `account` says, and a fresh sign-in first where it demands one. A form comes from our own page
 * in this session, or nothing is asked. Checklist 12 and 42; OWASP ASVS 7.5.1; RFC 9470.
 *
 *     export const showThings = (deps: ThingsDeps, request: HttpRequest) =>
 *       accountPage(deps, request, { action: 'view', type: 'session', page: '/account/sessions' }, async (visit) => …)
 *
 * The page itself stands in `accountView(visit.frame, …)` of web/account/frame.ts.
 */

import type { AccountFrame } from '../../../web/account/frame.ts'
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError, Problem } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import type { DecisionInput, Obligations } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { InteractionStore } from '../../storage/port.ts'
import { formToken, isOwnForm } from '../session/csrf.ts'
import { type DeviceDeps, deviceOf } from '../session/device.ts'
import { findSession, type LiveSession, primaryTime, type SessionDeps, sessionSecret } from '../session/session.ts'
import { type EnrolledFactors, ownAuthenticationFacts } from '../session/subject-stage.ts'
import type { AssessRisk } from '../threat/risk.ts'
import { localesOf, timeZoneOf } from '../user/email.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { signInFor } from './own-pages.ts'

export type AccountPageDeps = SessionDeps &
  DeviceDeps & {
    readonly store: { readonly interactions: InteractionStore }
    readonly decide: Decide
    readonly audit: Audit
    readonly enrolled: EnrolledFactors
    readonly assessRisk: AssessRisk
    /** Paths of the pages that there are: what the navigation may lead to. */
    readonly accountPaths: ReadonlySet<string>
  }

type Input = DecisionInput<'account'>

export interface AccountAction {
  readonly action: Input['action']
  readonly type: Input['resource']['type']
  /** Of a grant or session, or the client of a consent. */
  readonly id?: string | undefined
  /** False where there is no such thing, or it is somebody else's: both are answered alike. Default: true. */
  readonly own?: boolean
  /** SCIM names of the attributes that would change. */
  readonly changed?: readonly string[]
  /** A page of ours that GET shows: where the person is once they have signed in. */
  readonly page: string
}

export interface AccountVisit {
  readonly session: LiveSession
  readonly obligations: Obligations<'account'>
  readonly decisionId: string
  /** What the account could prove itself with. */
  readonly enrolled: readonly FactorKind[]
  /** Of a form that posts this action: what the guard of the POST looks for. */
  formToken(action: Pick<AccountAction, 'action' | 'type' | 'id'>): string
  readonly frame: AccountFrame
}

const formAbout = ({ action, type, id }: Pick<AccountAction, 'action' | 'type' | 'id'>): readonly string[] => [
  'account',
  action,
  type,
  id ?? '',
]

function requireAccountForm(deps: AccountPageDeps, request: HttpRequest, secret: string, action: AccountAction): void {
  if (request.form.repeated.size > 0) throw new OAuthError('invalid_request')
  if (isOwnForm(request, deps.issuer, secret, ...formAbout(action))) return
  throw new OAuthError('access_denied', {
    detail: TOLD.foreignAccountForm,
    cause: 'form token or origin',
  })
}

async function askAccount(
  deps: AccountPageDeps,
  request: HttpRequest,
  { user, record }: LiveSession,
  asked: AccountAction,
) {
  const { action, type, id, own = true, changed = [] } = asked
  const [enrolled, risk] = await Promise.all([
    deps.enrolled(request.tenant, user),
    action === 'view' ? undefined : riskOf(deps, request, user),
  ])
  const input: Input = {
    tenant: request.tenant,
    action,
    resource: { type, own, ...(id !== undefined && { id }) },
    subject: subjectFacts(user),
    authentication: ownAuthenticationFacts(record),
    enrolled: [...enrolled],
    changed: [...changed],
    ...(risk && { risk }),
    request: request.origin,
  }
  return { enrolled, verdict: await deps.decide('account', input, { requestId: request.id }) }
}

async function riskOf(deps: AccountPageDeps, request: HttpRequest, user: LiveSession['user']): Promise<Input['risk']> {
  const { userName } = user
  const device = await deviceOf(deps, request, { userName, user })
  return (await deps.assessRisk(request, { userName, user, device })).facts
}

/**
 * Finds who is signed in, holds a POST to its form, asks `account`, and goes on with `visit` where that allows it. Leads to a
 * sign-in where nobody is signed in or policy wants a fresh one; `action` may be found out from the session.
 */
export async function accountPage(
  deps: AccountPageDeps,
  request: HttpRequest,
  action: AccountAction | ((session: LiveSession) => Promise<AccountAction>),
  visit: (visit: AccountVisit) => Promise<Reply>,
  signedOut: { readonly page: string } = typeof action === 'function' ? { page: '/account' } : action,
): Promise<Reply> {
  const session = await findSession(deps, request)
  const secret = sessionSecret(deps.issuer, request)
  if (session === undefined || secret === undefined) return signInFor(deps, request, { page: signedOut.page })
  const asked = typeof action === 'function' ? await action(session) : action
  if (request.method === 'POST') requireAccountForm(deps, request, secret, asked)

  const { verdict, enrolled } = await askAccount(deps, request, session, asked)
  if (!verdict.allow) {
    const code = publicCode('account', verdict, 'access_denied')
    throw code === 'not_found' ? new Problem(code) : new OAuthError(code)
  }

  const { obligations, decisionId } = verdict
  if (obligations.step_up === 'required') return stepUp(deps, request, session, asked, { obligations, decisionId })
  return visit({
    session,
    obligations,
    decisionId,
    enrolled,
    formToken: (about) => formToken(secret, ...formAbout(about)),
    frame: {
      accountName: session.user.userName,
      paths: deps.accountPaths,
      uiLocales: localesOf(session.user),
      timeZone: timeZoneOf(session.user),
    },
  })
}

async function stepUp(
  deps: AccountPageDeps,
  request: HttpRequest,
  { record, user }: LiveSession,
  { action, page }: AccountAction,
  { obligations, decisionId }: Pick<AccountVisit, 'obligations' | 'decisionId'>,
): Promise<Reply> {
  await deps.audit({
    event: 'step_up_required',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    decision_id: decisionId,
    detail: action,
  })
  const isTooOld = epochSeconds(deps.clock) - primaryTime(record) > obligations.max_age_seconds
  // Where only a factor is missing, the session counts beside it.
  const fresh = isTooOld && { fresh: true, onlySub: user.sub, loginHint: user.userName }
  return signInFor(deps, request, { page, essentialAcr: obligations.acr, ...fresh })
}
