/** The person does not want to sign in: the client reads access_denied, RFC 6749 4.1.2.1. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type AskLoginDeps, askAttempt, tried } from './ask-login.ts'
import { refuseAuthorization } from './refuse.ts'
import type { Waiting } from './waiting.ts'

/** At any step. Policy hears of it as of any sign-in, though there is nothing that it could forbid. */
export async function cancelSignIn(deps: AskLoginDeps, request: HttpRequest, waiting: Waiting): Promise<Reply> {
  const { device, risk } = await tried(deps, request, { userName: '' })
  await askAttempt(deps, request, waiting, { device, risk: risk.facts })
  return refuseAuthorization(deps, request, waiting, { event: 'sign_in_refused', code: 'access_denied' })
}
