/** The first page of self-service: GET /account. Asks `account`. */
import { overviewPage } from '../../../web/account-overview.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { profileClaims } from '../user/claims.ts'
import { emailOf, isEmailVerified } from '../user/email.ts'

export function showOverview(deps: AccountPageDeps, request: HttpRequest): Promise<Reply> {
  return accountPage(deps, request, { action: 'view', type: 'account', page: '/account' }, async (visit) => {
    const { user } = visit.session
    const seen = new Set(visit.obligations.visible)
    const address = seen.has('emails') ? emailOf(user) : undefined
    const { name } = profileClaims(user, seen.has('name') ? ['name'] : [])
    const page = overviewPage({
      frame: visit.frame,
      userName: user.userName,
      name: name === undefined ? undefined : String(name),
      email: address === undefined ? undefined : { address, verified: isEmailVerified(user) },
      hasPassword: visit.enrolled.includes('password'),
      hasSecondFactor: visit.enrolled.includes('totp') || visit.enrolled.includes('passkey'),
      recoveryCodes: visit.enrolled.includes('recovery_code'),
    })
    return { status: 200, ...page }
  })
}
