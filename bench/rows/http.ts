/** The requests of the rows that load both servers over HTTP. */
import { request } from 'undici'
import type { LoadRequest } from '../load/message.ts'
import { basic, type Credentials, REDIRECT_URI, WEB_SCOPE } from '../population.ts'

export interface Endpoints {
  readonly origin: string
  readonly authorize: string
  readonly token: string
  readonly introspect: string
  /** Resource whose tokens are introspected: it chooses their form at the peer. */
  readonly introspectedResource: string
}

const form = (path: string, who: Credentials, fields: Readonly<Record<string, string>>): LoadRequest => ({
  method: 'POST',
  path,
  headers: { authorization: basic(who), 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
})

/** RFC 6749 4.4 with a resource (RFC 8707). */
export const tokenRequest = (at: Endpoints, who: Credentials, scope: string, resource: string): LoadRequest =>
  form(at.token, who, { grant_type: 'client_credentials', scope, resource })

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** RFC 6749 4.1.1 with PKCE, for the web application. */
export function authorizePath(at: Endpoints, { clientId }: Credentials): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: WEB_SCOPE,
    state: 'af0ifjsldkj',
    nonce: 'n-0S6_WzA2Mj',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })
  return `${at.authorize}?${query}`
}

/** A code for whoever the session cookie is of. */
export const codeRequest = (at: Endpoints, web: Credentials, cookie: string): LoadRequest => ({
  method: 'GET',
  path: authorizePath(at, web),
  headers: { cookie },
  body: '',
})

/** RFC 6749 6, with `token` where the refresh token goes. */
export const refreshRequest = (at: Endpoints, web: Credentials, token: string): LoadRequest =>
  form(at.token, web, { grant_type: 'refresh_token', refresh_token: token })

/** A refresh token of the person whose session this is. */
export async function fetchRefreshToken(at: Endpoints, web: Credentials, cookie: string): Promise<string> {
  const { path, headers } = codeRequest(at, web, cookie)
  const answer = await request(at.origin + path, { headers })
  await answer.body.dump()
  const { location } = answer.headers
  const code = typeof location === 'string' ? new URL(location, at.origin).searchParams.get('code') : null
  if (code === null) throw new Error(`${at.origin}${at.authorize} gave no code: ${answer.statusCode} ${location ?? ''}`)
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
  const { refresh_token: token } = await fetchToken(at, form(at.token, web, redeem))
  if (typeof token !== 'string') throw new Error(`${at.origin}${at.token} gave no refresh token`)
  return token
}

/** RFC 7662 2.1. */
export const introspectionRequest = (at: Endpoints, who: Credentials, token: string): LoadRequest =>
  form(at.introspect, who, { token })

/** One token outside the measured load. */
export async function fetchToken(at: Endpoints, one: LoadRequest): Promise<Readonly<Record<string, unknown>>> {
  const answer = await request(at.origin + one.path, { method: one.method, headers: one.headers, body: one.body })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${at.origin}${one.path} answered ${answer.statusCode}: ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

export async function fetchTokens(at: Endpoints, requests: readonly LoadRequest[]): Promise<string[]> {
  const tokens: string[] = []
  for (const one of requests) {
    const { access_token: token } = await fetchToken(at, one)
    if (typeof token !== 'string') throw new Error(`${at.origin}${one.path} gave no access token`)
    tokens.push(token)
  }
  return tokens
}
