/** For tests: requests to the protocol endpoints as a client writes them. */
import { Browser } from '../servers/browser.ts'
import type { Population, TestClient } from '../servers/population.ts'
import { type Begun, begin, discover } from './relying-party.ts'

/** Of a service under test, in this process or in one of its own. */
export interface Provider {
  readonly issuer: string
  readonly population: Pick<Population, 'user'>
}

export const basic = ({ id, secret }: TestClient): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const json = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } }
}

/** POSTs a form as this client by client_secret_basic; a public one names itself in the form. */
export async function post(
  service: Pick<Provider, 'issuer'>,
  path: string,
  client: TestClient,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const isPublic = client.secret === ''
  return answerOf(
    await fetch(`${service.issuer}${path}`, {
      method: 'POST',
      headers: isPublic ? {} : { authorization: basic(client) },
      body: new URLSearchParams(isPublic ? { client_id: client.id, ...form } : form),
    }),
  )
}

export interface CodeInHand extends Begun {
  readonly code: string
  /** The token request that redeems it. */
  readonly form: Readonly<Record<string, string>>
}

/** A code that the person of the population has just authorized, on a device of its own unless one is given. */
export async function codeFor(
  service: Provider,
  client: TestClient,
  scope: string,
  browser = new Browser(service.issuer),
): Promise<CodeInHand> {
  const begun = await begin(await discover(service.issuer, client), scope)
  const answer = await browser.authorize(begun.url, service.population.user)
  const code = answer.searchParams.get('code') ?? ''
  const redirectUri = new URL(begun.url).searchParams.get('redirect_uri') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: begun.verifier }
  return { ...begun, code, form }
}

/** Tokens of a fresh authorization. */
export async function tokensFor(
  service: Provider,
  client: TestClient,
  scope: string,
  browser?: Browser,
): Promise<Answer['body']> {
  const { body } = await post(service, '/oauth/token', client, (await codeFor(service, client, scope, browser)).form)
  return body
}

/** What a resource server is told of a token (RFC 7662 2.2). */
export async function isActive(
  service: Pick<Provider, 'issuer'> & { readonly population: Pick<Population, 'resourceServer'> },
  token: unknown,
): Promise<unknown> {
  const { resourceServer } = service.population
  return (await post(service, '/oauth/introspect', resourceServer, { token: String(token) })).body.active
}
