/** The requests of the rows that load both servers over HTTP. */
import { request } from 'undici'
import type { LoadRequest } from '../load/message.ts'
import { basic, type Credentials } from '../population.ts'

export interface Endpoints {
  readonly origin: string
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
