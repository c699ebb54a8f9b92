/** The demo application's side of the protocol: what a relying party does, over real HTTP. RFC 6749 4.1, 6; RFC 7636; RFC 7662. */
import { createHash } from 'node:crypto'
import { randomId, randomSecret } from '../../kernel/ids.ts'
import type { ClientCredentials, DevCredentials } from '../dev/credentials.ts'
import type { DemoSession, Tokens } from './sessions.ts'

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const SCOPE = 'openid profile email offline_access'

export function authorizationUrl({ issuer, client }: DevCredentials, session: DemoSession): string {
  const pending = { state: randomId(), nonce: randomId(), verifier: randomSecret() }
  session.pending = pending
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uri,
    scope: SCOPE,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: createHash('sha256').update(pending.verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return `${issuer}/oauth/authorize?${query}`
}

export const redeem = ({ issuer, client }: DevCredentials, code: string, verifier: string): Promise<Answer> =>
  post(`${issuer}/oauth/token`, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirect_uri,
    code_verifier: verifier,
  })

export const refresh = ({ issuer, client }: DevCredentials, refreshToken: string): Promise<Answer> =>
  post(`${issuer}/oauth/token`, client, { grant_type: 'refresh_token', refresh_token: refreshToken })

/** Asked as the resource server. */
export const introspect = ({ issuer, resource_server }: DevCredentials, token: string): Promise<Answer> =>
  post(`${issuer}/oauth/introspect`, resource_server, { token })

async function post(url: string, client: ClientCredentials, form: Readonly<Record<string, string>>): Promise<Answer> {
  const basic = [client.client_id, client.client_secret].map(encodeURIComponent).join(':')
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(5000),
  })
  const body: unknown = await response.json().catch(() => ({}))
  return { status: response.status, body: typeof body === 'object' && body !== null ? { ...body } : {} }
}

export function tokensIn({ status, body }: Answer): Tokens | undefined {
  const { access_token, expires_in, refresh_token, id_token } = body
  if (status !== 200 || typeof access_token !== 'string') return undefined
  return {
    access_token,
    ...(typeof expires_in === 'number' && { expires_in }),
    ...(typeof refresh_token === 'string' && { refresh_token }),
    ...(typeof id_token === 'string' && { id_token }),
  }
}

/** The claims as they stand in a JWT, for show: whether the token is good is for its audience to verify. */
export function claimsOf(jwt: string): unknown {
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
