/** Sign-out: asked for on a page, done by its form. Public: it takes a session away and shows nothing of it to others. */

import { signedOutPage, signOutPage } from '../../../web/message.ts'
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { formToken } from '../session/csrf.ts'
import { endSession, findSession, type SessionDeps, sessionSecret } from '../session/session.ts'
import { requireOwnForm } from './page-facts.ts'

export type LogoutDeps = SessionDeps & { readonly audit: Audit }

/** GET /logout. A link must not sign anyone out: it shows the form that does. */
export async function showLogout(deps: LogoutDeps, request: HttpRequest): Promise<Reply> {
  const session = await findSession(deps, request)
  const secret = sessionSecret(deps.issuer, request)
  if (!session || secret === undefined) return { status: 200, ...signedOutPage() }
  return {
    status: 200,
    ...signOutPage({ accountName: session.user.userName, formToken: formToken(secret, 'logout') }),
  }
}

/** POST /logout. Without a session there is nothing to protect, and nothing to end. */
export async function logout(deps: LogoutDeps, request: HttpRequest): Promise<Reply> {
  const secret = sessionSecret(deps.issuer, request)
  if (secret === undefined) return { status: 200, ...signedOutPage() }
  requireOwnForm(deps, request, secret, 'logout')
  const session = await findSession(deps, request)
  const cookie = await endSession(deps, request)
  await deps.audit({
    event: 'sign_out',
    tenant: request.tenant,
    request_id: request.id,
    ...(session && { sub: session.user.sub }),
  })
  const page = signedOutPage()
  return { status: 200, headers: { ...page.headers, 'set-cookie': cookie }, body: page.body }
}
