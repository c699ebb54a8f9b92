/**
 * The end session endpoint, by which clients ask for a sign-out. OIDC RP-Initiated Logout 1.0 2, GET and POST. Asks
 * `session`. Whom the client's ID token does not prove is asked on a page of ours; an address that is not the client's is
 * never gone to.
 */
import { signOutPage } from '../../../../web/sign-out.ts'
import type { HttpRequest, Params, Reply } from '../../../http/message.ts'
import { seeOther } from '../../session/answer-client.ts'
import { formToken } from '../../session/csrf.ts'
import { type LiveSession, sessionSecret } from '../../session/session.ts'
import { type AskSessionDeps, askSession, sessionToEnd } from './ask-session.ts'
import { type LogoutRequest, type LogoutRequestDeps, readLogoutRequest } from './logout-request.ts'
import { type SignOutDeps, signOut } from './sign-out.ts'

export type EndSessionEndpointDeps = LogoutRequestDeps & AskSessionDeps & SignOutDeps

/** What the page sends back, and its form's token is about. */
export const formAbout = ({ client, returnTo }: LogoutRequest): Readonly<Record<string, string>> => ({
  ...(client && { client_id: client.clientId }),
  ...(returnTo && { post_logout_redirect_uri: returnTo.uri }),
  ...(returnTo?.state !== undefined && { state: returnTo.state }),
})

export const tokenAbout = (asked: LogoutRequest): readonly string[] => ['logout', JSON.stringify(formAbout(asked))]

export function confirmationPage(asked: LogoutRequest, session: LiveSession, secret: string): Reply {
  const page = signOutPage({
    accountName: session.user.userName,
    formToken: formToken(secret, ...tokenAbout(asked)),
    clientName: asked.client?.name,
    leadsTo: asked.returnTo?.uri,
    fields: formAbout(asked),
  })
  return { status: 200, ...page }
}

const PARAMETERS = ['id_token_hint', 'logout_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales']

function asQuery(path: string, params: Params): string {
  const query = new URLSearchParams()
  for (const name of PARAMETERS) {
    const value = params.get(name)
    if (value !== undefined) query.set(name, value)
  }
  return query.size === 0 ? path : `${path}?${query}`
}

export async function endSessionEndpoint(deps: EndSessionEndpointDeps, request: HttpRequest): Promise<Reply> {
  const params = request.method === 'POST' ? request.form : request.query
  const asked = await readLogoutRequest(deps, request.tenant, params)
  const secret = sessionSecret(deps.issuer, request)
  const session = await sessionToEnd(deps, request)

  const verdict = await askSession(deps, request, asked, session, false)

  // A POST from the client's site comes without our cookie, which is SameSite=Lax; a GET by the browser itself has it.
  if (request.method === 'POST' && secret === undefined) return seeOther(asQuery(request.path, params))
  if (verdict.mustConfirm && session !== undefined && secret !== undefined)
    return confirmationPage(asked, session, secret)
  return signOut(deps, request, asked, session, verdict)
}
