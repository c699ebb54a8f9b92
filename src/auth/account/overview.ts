/** The first page of self-service: GET /account. Asks `account`. */
import { overviewPage } from '../../../web/account/overview.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { ActivityEntry, ActivityStore } from '../../storage/activity-port.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { profileClaims } from '../user/claims.ts'

export type OverviewDeps = AccountPageDeps & {
  readonly store: { readonly activity: Pick<ActivityStore, 'list'> }
}

/** Refused sign-ins that are still worth a warning. */
const LATELY_SECONDS = 7 * 24 * 60 * 60
const LAST_SIGN_INS = 3

function refusedLately(entries: readonly ActivityEntry[], now: number): number {
  const refused = entries.filter(({ shelf, kind, at }) => {
    const isSignIn = kind === 'sign_in_failed' || kind === 'factor_failed'
    return shelf === 'refused' && isSignIn && at > now - LATELY_SECONDS
  })
  return refused.reduce((sum, { times }) => sum + times, 0)
}

export function showOverview(deps: OverviewDeps, request: HttpRequest): Promise<Reply> {
  return accountPage(deps, request, { action: 'view', type: 'account', page: '/account' }, async (visit) => {
    const { user } = visit.session
    const { visible } = visit.obligations
    const entries = await deps.store.activity.list(request.tenant, user.sub)
    const { name } = profileClaims(user, visible.includes('name') ? ['name'] : [])
    const page = overviewPage({
      frame: visit.frame,
      userName: user.userName,
      name: name === undefined ? undefined : String(name),
      email: visible.includes('emails') ? { address: emailOf(user), verified: isEmailVerified(user) } : undefined,
      factors: visit.enrolled,
      refused: refusedLately(entries, epochSeconds(deps.clock)),
      lastSignIns: entries.filter(({ kind }) => kind === 'sign_in').slice(0, LAST_SIGN_INS),
    })
    return { status: 200, ...page }
  })
}
