/** Signs the person of this browser out and takes them on: back to the client, or to a page that frames the clients' own sign-outs. */
import { type AlsoAt, signedOutPage } from '../../../../web/sign-out.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { seeOther } from '../../session/answer-client.ts'
import { type EndSessionDeps, endSession } from '../../session/end-session.ts'
import { forgetSession, type LiveSession, type SessionDeps } from '../../session/session.ts'
import { sessionIdentifier } from '../../token/session-identifier.ts'
import type { SessionVerdict } from './ask-session.ts'
import type { LogoutRequest } from './logout-request.ts'

export type SignOutDeps = SessionDeps &
  EndSessionDeps & {
    /** What the page offers where the person came in by an identity provider. */
    readonly alsoAt?: ((request: HttpRequest) => AlsoAt | undefined) | undefined
  }

/** Of one page; a person signed in to more hears of it by their own means. */
const MAX_FRAMES = 50

/** OIDC Front-Channel Logout 2 and 3: `iss` and `sid` go together. */
function frameOf(issuer: string, client: ClientRecord, sid: string): string | undefined {
  const uri = client.metadata?.frontchannel_logout_uri
  if (uri === undefined) return undefined
  const query = new URLSearchParams({ iss: issuer, sid: sessionIdentifier(sid, client.clientId) })
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`
}

function addressOf({ returnTo }: LogoutRequest): string | undefined {
  if (returnTo?.state === undefined) return returnTo?.uri
  const { uri, state } = returnTo
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

export async function signOut(
  deps: SignOutDeps,
  request: HttpRequest,
  asked: LogoutRequest,
  session: LiveSession | undefined,
  { obligations, decisionId }: SessionVerdict,
): Promise<Reply> {
  const told = session && (await endSession(deps, request.tenant, session.record, obligations.revoke_grants))
  const cookie = forgetSession(deps, request)
  if (session)
    await deps.audit({
      event: 'sign_out',
      tenant: request.tenant,
      request_id: request.id,
      decision_id: decisionId,
      sub: session.user.sub,
      ...(asked.client && { client_id: asked.client.clientId }),
    })
  const frames = (told ?? [])
    .map((client) => session && frameOf(deps.issuer, client, session.record.sid))
    .filter((frame) => frame !== undefined)
    .slice(0, MAX_FRAMES)
  const goesOnTo = addressOf(asked)
  if (goesOnTo !== undefined && frames.length === 0) return seeOther(goesOnTo, cookie)
  const page = signedOutPage({ frames, goesOnTo, alsoAt: deps.alsoAt?.(request) })
  return {
    status: 200,
    headers: { ...page.headers, ...(cookie !== undefined && { 'set-cookie': cookie }) },
    body: page.body,
  }
}
