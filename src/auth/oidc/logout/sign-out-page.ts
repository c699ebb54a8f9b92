/**
 * Sign-out at our own page: asked for on a page, done by its form (checklist 12). Also where the end session endpoint's own
 * question is answered. Asks `session`.
 */

import { staysSignedInPage } from '../../../../web/sign-out.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { TOLD } from '../../../kernel/told.ts'
import { isOwnForm } from '../../session/csrf.ts'
import { sessionSecret } from '../../session/session.ts'
import { askSession, sessionToEnd } from './ask-session.ts'
import { confirmationPage, type EndSessionEndpointDeps, tokenAbout } from './end-session.ts'
import { readLogoutRequest } from './logout-request.ts'
import { signOut } from './sign-out.ts'

/** GET /logout. A link must not sign anyone out: it shows the form that does. */
export async function showSignOut(deps: EndSessionEndpointDeps, request: HttpRequest): Promise<Reply> {
  const session = await sessionToEnd(deps, request)
  const secret = sessionSecret(deps.issuer, request)

  const verdict = await askSession(deps, request, {}, session, false)

  if (session && secret !== undefined) return confirmationPage({}, session, secret)
  return signOut(deps, request, {}, undefined, verdict)
}

/** POST /logout. Without a session there is nothing to protect, and nothing to end. */
export async function confirmSignOut(deps: EndSessionEndpointDeps, request: HttpRequest): Promise<Reply> {
  const asked = await readLogoutRequest(deps, request.tenant, request.form)
  const secret = sessionSecret(deps.issuer, request)
  if (secret !== undefined && !isOwnForm(request, deps.issuer, secret, ...tokenAbout(asked)))
    throw new OAuthError('access_denied', {
      detail: TOLD.foreignForm,
      cause: 'form token or origin',
    })
  const session = await sessionToEnd(deps, request)

  const verdict = await askSession(deps, request, asked, session, true)

  if (request.form.get('answer') === 'stay') return { status: 200, ...staysSignedInPage() }
  return signOut(deps, request, asked, session, verdict)
}
