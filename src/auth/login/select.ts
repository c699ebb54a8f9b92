/** The account that is signed in, or another one? OIDC Core 3.1.2.1, `prompt=select_account`. */
import { selectAccountPage } from '../../../web/sign-in/select-account.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { formToken } from '../session/csrf.ts'
import { updateInteraction } from '../session/interaction.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { askFactors, tried } from '../sign-in/ask-login.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { refuseStep, type SignInDeps } from '../sign-in/proceed.ts'
import { loginAt } from '../sign-in/steps.ts'
import { ended, findWaiting, requireOwnForm, resumeAt, shownName, type Waiting } from '../sign-in/waiting.ts'

const about = (waiting: Waiting, { digest }: LiveSession): readonly string[] => ['select', waiting.id, digest]

/** Another account: what is signed in does not count any more. */
async function chooseAnother(deps: SignInDeps, request: HttpRequest, waiting: Waiting): Promise<Reply> {
  const chosen = { ...waiting.interaction, accountChosen: true, askSignIn: true }
  if (!(await updateInteraction(deps, request, waiting.id, chosen))) throw ended()
  return loginAt(waiting.id)
}

async function ask(deps: SignInDeps, request: HttpRequest, waiting: Waiting, session: LiveSession) {
  const { user } = session
  const { device, risk } = await tried(deps, request, { userName: user.userName, user })
  return askFactors(deps, request, waiting, { user, proven: [], device, risk: risk.facts, session })
}

/** GET /login/select. */
export async function showSelect(deps: SignInDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const session = await findSession(deps, request, waiting.interaction)
  if (!session) return chooseAnother(deps, request, waiting)
  const verdict = await ask(deps, request, waiting, session)
  if (!verdict.allow) return refuseStep(verdict, () => chooseAnother(deps, request, waiting))
  const page = selectAccountPage({
    clientName: shownName(waiting),
    redirectUri: waiting.interaction.redirectUri,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, ...about(waiting, session)),
    accountName: session.user.userName,
    uiLocales: waiting.interaction.uiLocales,
  })
  return { status: 200, ...page }
}

/** POST /login/select. */
export async function select(deps: SignInDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const session = await findSession(deps, request, waiting.interaction)
  if (!session) return loginAt(waiting.id)
  requireOwnForm(deps, request, waiting.secret, ...about(waiting, session))
  const answer = request.form.get('answer')
  if (answer === 'deny') return cancelSignIn(deps, request, waiting)
  if (answer !== 'this' && answer !== 'another') throw new OAuthError('invalid_request')
  const verdict = await ask(deps, request, waiting, session)
  if (!verdict.allow) return refuseStep(verdict, () => chooseAnother(deps, request, waiting))
  if (answer === 'another') return chooseAnother(deps, request, waiting)
  const chosen = { ...waiting.interaction, accountChosen: true }
  if (!(await updateInteraction(deps, request, waiting.id, chosen))) throw ended()
  return { status: 303, headers: { location: resumeAt(waiting.id) } }
}
