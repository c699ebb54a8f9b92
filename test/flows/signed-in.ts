/** For tests: a person signed in in one browser, and what clients hold of it. */
import { randomSecret } from '../../src/kernel/ids.ts'
import type { ClientMetadata } from '../../src/storage/client-metadata.ts'
import type { Store } from '../../src/storage/port.ts'
import type { ClientRecord } from '../../src/storage/records.ts'
import type { Browser } from '../servers/browser.ts'
import { clientRecord, REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, type Provider, post } from './requests.ts'

export const BYE = 'https://shop.example/bye?from=sallyport'

/** A first-party client, so that no consent stands between a sign-in and its tokens. */
export async function addClient(
  store: Store,
  id: string,
  metadata: ClientMetadata = {},
  parts: Partial<ClientRecord> = {},
): Promise<TestClient> {
  const secret = randomSecret()
  const record = clientRecord(id, secret, {
    firstParty: true,
    redirectUris: [REDIRECT_URI],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'orders:read'],
    audience: ['urn:sallyport:default'],
    metadata: { post_logout_redirect_uris: [BYE], ...metadata },
    ...parts,
  })
  const written = await store.clients.create(TENANT, record)
  if (written !== 'written') throw new Error(`client ${id}: ${written}`)
  return { id, secret }
}

/** Signs in, where this browser is not yet, and redeems the code. */
export async function signIn(
  service: Provider,
  browser: Browser,
  client: TestClient,
  scope = 'openid orders:read',
  more: Readonly<Record<string, string>> = {},
): Promise<Answer['body']> {
  const begun = await begin(await discover(service.issuer, client), scope, more)
  const answer = await browser.authorize(begun.url, service.population.user)
  const code = answer.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${answer.search}`)
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: begun.verifier }
  const { status, body } = await post(service, '/oauth/token', client, form)
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`)
  return body
}

/** What the client is told who asks without a page: `login_required` where nobody is signed in. */
export async function silently(service: Provider, browser: Browser, client: TestClient): Promise<string> {
  const { url } = await begin(await discover(service.issuer, client), 'openid', { prompt: 'none' })
  const { left } = await browser.visit(url)
  return left?.searchParams.get('error') ?? (left?.searchParams.has('code') ? 'code' : 'neither')
}
