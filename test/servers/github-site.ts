/**
 * For tests: an OAuth 2.0 server shaped as GitHub: codes for a form at /login/oauth/access_token, errors with status 200, PKCE,
 * no `iss`, no ID token; /user and /user/emails of its API for who holds the token.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { randomId } from '../../src/kernel/ids.ts'
import type { Certificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { openSecureSite, type SecureSite } from './secure-site.ts'

export interface GithubEmail {
  readonly email: string
  readonly primary: boolean
  readonly verified: boolean
}

export interface GithubSite extends SecureSite {
  readonly issuer: string
  readonly apiUrl: string
  readonly client: { readonly id: string; readonly secret: string }
  person: { readonly id: number; readonly login: string; readonly name?: string; readonly email?: string }
  emails: readonly GithubEmail[]
}

interface Given {
  readonly challenge: string
  readonly redirectUri: string
}

export async function openGithubSite(
  certificates: Pick<Certificates, 'certFile' | 'keyFile'>,
  { redirectUri }: { readonly redirectUri: string },
): Promise<GithubSite> {
  const port = await freePort()
  const client = { id: `Iv1.${randomId(8)}`, secret: randomId(32) }
  const codes = new Map<string, Given>()
  const tokens = new Set<string>()
  const json = (response: ServerResponse, body: unknown, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  }

  const authorize = (query: URLSearchParams, response: ServerResponse) => {
    const wanted = query.get('redirect_uri') ?? ''
    const challenge = query.get('code_challenge')
    const asked = query.get('client_id') === client.id && wanted === redirectUri
    if (!asked || challenge === null || query.get('code_challenge_method') !== 'S256')
      return void response.writeHead(400).end()
    const code = randomId(10)
    codes.set(code, { challenge, redirectUri: wanted })
    const back = new URL(wanted)
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  }
  const redeem = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await text(request))
    if (form.get('client_id') !== client.id || form.get('client_secret') !== client.secret)
      return json(response, { error: 'incorrect_client_credentials' })
    const code = form.get('code') ?? ''
    const given = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (given?.challenge !== challenge || given.redirectUri !== form.get('redirect_uri'))
      return json(response, { error: 'bad_verification_code' })
    const token = `gho_${randomId(24)}`
    tokens.add(token)
    json(response, { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' })
  }
  const api = (request: IncomingMessage, response: ServerResponse, body: unknown) => {
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !tokens.has(token)) return json(response, { message: 'Bad credentials' }, 401)
    json(response, body)
  }

  const secure = await openSecureSite(certificates, port, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', `https://localhost:${port}`)
    switch (`${request.method} ${pathname}`) {
      case 'GET /login/oauth/authorize':
        return authorize(searchParams, response)
      case 'POST /login/oauth/access_token':
        return void redeem(request, response)
      case 'GET /api/v3/user':
        return api(request, response, site.person)
      case 'GET /api/v3/user/emails':
        return api(request, response, site.emails)
      default:
        json(response, { message: 'Not Found' }, 404)
    }
  })
  const site: GithubSite = Object.assign(secure, {
    issuer: `https://localhost:${port}`,
    apiUrl: `https://localhost:${port}/api/v3`,
    client,
    person: { id: 583231, login: 'octocat' } as GithubSite['person'],
    emails: [] as readonly GithubEmail[],
  })
  return site
}
