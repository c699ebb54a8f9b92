/**
 * Who adds a factor, and where it goes on: during a sign-in that demands one, or signed in, from the account's page. Both
 * come through the same endpoints and the same decision. Checklist 39 and 42.
 */

import type { FactorsDone } from '../../../web/account/factors.ts'
import { recoveryCodesPage } from '../../../web/sign-in/enrol.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { Factors } from '../../storage/factors.ts'
import type { UserRecord } from '../../storage/records.ts'
import { seeOther } from '../session/answer-client.ts'
import { findSession, type LiveSession, primaryTime, sessionSecret } from '../session/session.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import { loginAt } from '../sign-in/steps.ts'
import { findWaiting, requireOwnForm, type Waiting } from '../sign-in/waiting.ts'
import { localesOf, timeZoneOf } from '../user/email.ts'
import { notifyUser } from '../user/notify.ts'
import { type MfaQuestion, requireMfa } from './ask-mfa.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { newRecoveryCode, recoveryDigest } from './recovery-codes.ts'
import { auditFactor, checkStep, findClaimed } from './second-step.ts'

export const FACTORS_PAGE = '/account/factors'

export interface Enrolling {
  readonly user: UserRecord
  readonly held: Factors
  /** What forms and challenges are bound to. */
  readonly secret: string
  /** Of forms and links, with its `?`. */
  readonly query: string
  readonly leadsTo?: string | undefined
  readonly uiLocales?: readonly string[] | undefined
  readonly during: { readonly waiting: Waiting; readonly proven: readonly string[] } | { readonly session: LiveSession }
}

/** A reply: nobody is there who could add one, and where they sign in. */
export async function findEnrolling(deps: MfaDeps, request: HttpRequest, page: string): Promise<Enrolling | Reply> {
  if (request.query.get('interaction') !== undefined) {
    const waiting = await findWaiting(deps, request)
    const claimed = await findClaimed(deps, request, waiting)
    if (claimed === undefined) return loginAt(waiting.id)
    const { user, proven } = claimed
    return {
      user,
      held: await deps.store.factors.of(request.tenant, user.sub),
      secret: waiting.secret,
      query: `?interaction=${encodeURIComponent(waiting.id)}`,
      leadsTo: waiting.interaction.redirectUri,
      uiLocales: waiting.interaction.uiLocales,
      during: { waiting, proven },
    }
  }
  const session = await findSession(deps, request)
  const secret = sessionSecret(deps.issuer, request)
  if (session === undefined || secret === undefined) return signInFor(deps, request, { page })
  const held = await deps.store.factors.of(request.tenant, session.user.sub)
  const uiLocales = localesOf(session.user)
  return { user: session.user, held, secret, query: '', uiLocales, during: { session } }
}

export const isReply = (found: Enrolling | Reply): found is Reply => 'status' in found

/** What a form of this person is about: the sign-in, or the session. */
export const aboutOf = ({ during }: Enrolling, what: string): readonly string[] => [
  what,
  'waiting' in during ? during.waiting.id : during.session.digest,
]

export function requireEnrolForm(deps: MfaDeps, request: HttpRequest, enrolling: Enrolling, what: string): void {
  requireOwnForm(deps, request, enrolling.secret, ...aboutOf(enrolling, what))
}

/** Who leaves the sign-in instead: the client reads access_denied. Undefined: they go on. */
export async function cancelled(
  deps: MfaDeps,
  request: HttpRequest,
  { during }: Enrolling,
): Promise<Reply | undefined> {
  const leaves = 'waiting' in during && request.form.get('answer') === 'deny'
  return leaves ? cancelSignIn(deps, request, during.waiting) : undefined
}

/** As `mfa` takes them. */
export function enrollingFacts({ user, held, during }: Enrolling): Omit<MfaQuestion, 'action'> {
  if (!('waiting' in during)) return { user, held, session: during.session.record }
  const { waiting, proven } = during
  const enrolmentDemanded = waiting.interaction.progress?.next === 'enrol'
  return { user, held, signIn: { waiting, enrolmentDemanded, proven } }
}

/** Throws where policy denies; a reply leads to the fresh sign-in that it wants. RFC 9470. */
export async function askEnrolling(
  deps: MfaDeps,
  request: HttpRequest,
  enrolling: Enrolling,
  ask: Pick<MfaQuestion, 'action' | 'otherWays'> & { readonly page: string },
): Promise<Obligations<'mfa'> | Reply> {
  const { action, page, otherWays } = ask
  const { user } = enrolling
  const obligations = await requireMfa(deps, request, {
    action,
    ...enrollingFacts(enrolling),
    shows: action === 'view',
    otherWays,
  })
  if (obligations.step_up === 'none') return obligations
  await deps.audit({
    event: 'step_up_required',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    detail: `mfa:${action}`,
  })
  const wanted = { page, acrValues: [obligations.step_up_acr] }
  // A sign-in that is young enough counts, and only what it lacks is asked for.
  return isYoung(deps, enrolling, obligations.step_up_max_age_seconds)
    ? signInFor(deps, request, wanted)
    : signInFor(deps, request, { ...wanted, fresh: true, onlySub: user.sub })
}

const isYoung = ({ clock }: MfaDeps, { during }: Enrolling, maxAgeSeconds: number): boolean =>
  'session' in during && epochSeconds(clock) - primaryTime(during.session.record) <= maxAgeSeconds

export const isStepUp = (answer: Obligations<'mfa'> | Reply): answer is Reply => 'status' in answer

export async function makeRecoveryCodes(
  deps: MfaDeps,
  request: HttpRequest,
  user: UserRecord,
  count: number,
): Promise<readonly string[]> {
  if (count === 0) return []
  const codes = Array.from({ length: count }, newRecoveryCode)
  const digests = codes.map((code) => recoveryDigest(request.tenant, user.sub, code))
  await deps.store.factors.recoveryCodes.replace(request.tenant, user.sub, digests)
  await auditFactor(deps, request, 'recovery_codes_made', user, String(count))
  return codes
}

export interface Added {
  readonly factor: 'totp' | 'passkey'
  readonly name?: string | undefined
  readonly userVerified?: boolean | undefined
  readonly recoveryCodes: number
}

/** Tells the person, makes the codes that policy wants with it, and goes on: the sign-in with the new factor, or the account. */
export async function added(deps: MfaDeps, request: HttpRequest, enrolling: Enrolling, what: Added): Promise<Reply> {
  const { user, during } = enrolling
  const { factor, name, userVerified } = what
  await auditFactor(deps, request, 'factor_added', user, factor)
  notifyUser(deps, user, 'factor_added', { factor, name })
  const codes = await makeRecoveryCodes(deps, request, user, what.recoveryCodes)
  const onward =
    'waiting' in during
      ? await checkStep(
          deps,
          request,
          during.waiting,
          user,
          () => loginAt(during.waiting.id),
          async () => ({
            factor,
            outcome: 'verified',
            ...(userVerified !== undefined && { userVerified }),
          }),
        )
      : toFactors('added')
  return codes.length === 0 ? onward : showCodes(deps, enrolling, codes, onward)
}

export const toFactors = (done: FactorsDone): Reply => seeOther(`${FACTORS_PAGE}?done=${done}`)

/** In place of a redirect: its cookies are set, and its address is where the page goes on to. */
export function showCodes(
  { issuer, clock }: Pick<MfaDeps, 'issuer' | 'clock'>,
  { user, uiLocales }: Pick<Enrolling, 'user' | 'uiLocales'>,
  codes: readonly string[],
  onward: Reply,
): Reply {
  const { location, 'set-cookie': cookie } = onward.headers ?? {}
  if (typeof location !== 'string') return onward
  const whose = { site: new URL(issuer).host, accountName: user.userName, timeZone: timeZoneOf(user) }
  const madeAt = epochSeconds(clock)
  const { headers, body } = recoveryCodesPage({ codes, ...whose, madeAt, goesOnTo: location, uiLocales })
  return { status: 200, headers: { ...headers, ...(cookie !== undefined && { 'set-cookie': cookie }) }, body }
}
