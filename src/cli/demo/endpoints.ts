/** A relying party beside the provider, `--dev` only: begins a code flow with PKCE, redeems only what it began, shows all. */
import { cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { Endpoint } from '../../http/server.ts'
import { equalSecrets } from '../../kernel/constant-time.ts'
import { CALLBACK_PATH, type DevCredentials } from '../dev/credentials.ts'
import { type Answer, authorizationUrl, claimsOf, introspect, redeem, refresh, tokensIn } from './client.ts'
import { failedPage, foreignCodePage, foreignRefusalPage, homePage, tokensPage } from './pages.ts'
import { type DemoSession, DemoSessions } from './sessions.ts'

const COOKIE = 'sallyport_demo'

export function demoEndpoints(credentials: DevCredentials): readonly Endpoint[] {
  const sessions = new DemoSessions()
  const sessionOf = (request: HttpRequest) => sessions.find(request.cookies[cookieName(credentials.issuer, COOKIE)])
  const page = (method: 'GET' | 'POST', path: string, handler: Endpoint['handler']): Endpoint => ({
    method,
    path,
    errors: 'page',
    handler,
  })
  return [
    page('GET', '/', async () => ({ status: 200, ...homePage(credentials.issuer) })),
    page('POST', '/demo/sign-in', async (request) => {
      const session = sessions.begin(request.cookies[cookieName(credentials.issuer, COOKIE)])
      return redirect(authorizationUrl(credentials, session), {
        'set-cookie': setCookie(credentials.issuer, COOKIE, session.id),
      })
    }),
    page('GET', CALLBACK_PATH, (request) => callback(credentials, sessionOf(request), request)),
    page('GET', '/demo/tokens', (request) => showTokens(credentials, sessionOf(request))),
    page('POST', '/demo/refresh', (request) => renew(credentials, sessionOf(request))),
  ]
}

const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 303,
  headers: { location, ...headers },
})

async function callback(
  credentials: DevCredentials,
  session: DemoSession | undefined,
  request: HttpRequest,
): Promise<Reply> {
  const pending = session?.pending
  const ours = pending !== undefined && equalSecrets(request.query.get('state') ?? '', pending.state)
  const code = request.query.get('code')
  if (!session || !ours) return { status: 200, ...(code === undefined ? foreignRefusalPage() : foreignCodePage()) }
  session.pending = undefined
  const issuer = request.query.get('iss')
  // RFC 9207 2.4: an answer of another issuer is none.
  if (issuer !== credentials.issuer || code === undefined) return failed('The sign-in failed', errorIn(request))
  const answer = await redeem(credentials, code, pending.verifier)
  const tokens = tokensIn(answer)
  if (!tokens) return failed('The code was not redeemed', answer)
  if (!sameNonce(tokens.id_token, pending.nonce)) return failed('The ID token is of another sign-in', answer)
  session.tokens = tokens
  return redirect('/demo/tokens')
}

const failed = (what: string, answer: Answer): Reply => ({ status: 200, ...failedPage(what, answer) })

const errorIn = (request: HttpRequest): Answer => ({
  status: 303,
  body: { error: request.query.get('error'), error_description: request.query.get('error_description') },
})

function sameNonce(idToken: string | undefined, nonce: string): boolean {
  const claims = idToken === undefined ? undefined : claimsOf(idToken)
  return typeof claims === 'object' && claims !== null && 'nonce' in claims && claims.nonce === nonce
}

async function showTokens(credentials: DevCredentials, session: DemoSession | undefined): Promise<Reply> {
  if (!session?.tokens) return redirect('/')
  const introspection = await introspect(credentials, session.tokens.access_token)
  return { status: 200, ...tokensPage(session.tokens, introspection) }
}

async function renew(credentials: DevCredentials, session: DemoSession | undefined): Promise<Reply> {
  const current = session?.tokens?.refresh_token
  if (!session?.tokens || current === undefined) return redirect('/')
  const answer = await refresh(credentials, current)
  const tokens = tokensIn(answer)
  if (!tokens) {
    session.tokens = undefined
    return failed('The refresh was refused', answer)
  }
  session.tokens = { ...session.tokens, ...tokens }
  return redirect('/demo/tokens')
}
