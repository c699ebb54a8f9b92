/** For tests: authorization requests written by hand, and what comes back by any response mode. */
import { createHash, randomBytes } from 'node:crypto'
import type { ClientMetadata } from '../../src/storage/client-metadata.ts'
import type { ClientRecord } from '../../src/storage/records.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Browser, formOf, type Visited } from '../servers/browser.ts'
import { clientRecord, REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { type Answer, post } from './requests.ts'

export const VERIFIER = randomBytes(32).toString('base64url')
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

type Parameters = Readonly<Record<string, string | undefined>>

/** A whole request; what is undefined in `more` is left out of it. */
export function parametersOf(client: Pick<TestClient, 'id'>, more: Parameters = {}): Record<string, string> {
  const all: Parameters = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: 'st&ate=1',
    nonce: 'nonce-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

export const urlOf = (issuer: string, parameters: Readonly<Record<string, string>>): string =>
  `${issuer}/oauth/authorize?${new URLSearchParams(parameters)}`

/** A client more, third party and confidential unless `parts` say otherwise. */
export async function registerClient(
  { store }: Pick<TestService, 'store'>,
  id: string,
  metadata: ClientMetadata,
  parts: Partial<ClientRecord> = {},
): Promise<TestClient> {
  const secret = parts.type === 'public' ? '' : randomBytes(32).toString('base64url')
  const record = clientRecord(id, secret, {
    redirectUris: [REDIRECT_URI],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'orders:read'],
    audience: ['urn:sallyport:default', 'urn:example:orders'],
    roles: ['service'],
    metadata,
    ...parts,
  })
  const written = await store.clients.create(TENANT, record)
  if (written !== 'written') throw new Error(`client ${id}: ${written}`)
  return { id, secret }
}

/** What the client is told, by redirect or by form. */
export function told(page: Visited): Record<string, string> {
  if (page.left === undefined) return Object.fromEntries(formOf(page).fields)
  const { hash, searchParams } = page.left
  return Object.fromEntries(hash === '' ? searchParams : new URLSearchParams(hash.slice(1)))
}

/** Signs in and consents, where asked to. */
export async function goThrough(browser: Browser, service: TestService, url: string): Promise<Visited> {
  const { userName: username, password } = service.population.user
  let page = await browser.visit(url)
  if (page.url.includes('/login')) page = await browser.submit(page, { username, password })
  if (page.url.includes('/consent')) page = await browser.submit(page, { answer: 'allow' })
  return page
}

/** A browser in which the person of the population has signed in. */
export async function signedIn(service: TestService): Promise<Browser> {
  const browser = new Browser(service.issuer)
  await goThrough(browser, service, urlOf(service.issuer, parametersOf(service.population.own)))
  return browser
}

export const redeemCode = (
  service: Pick<TestService, 'issuer'>,
  client: TestClient,
  code: string | undefined,
  more: Readonly<Record<string, string>> = { code_verifier: VERIFIER },
): Promise<Answer> =>
  post(service, '/oauth/token', client, {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: REDIRECT_URI,
    ...more,
  })
