/** For tests: what each obligation of `threat` comes to for a client whose refresh token came twice. RFC 9700 4.14.2. */
import type { Deployment } from '../servers/deployment.ts'
import { REDIRECT_URI, type TestClient } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Observed } from './observed.ts'
import { answerOf, post, tokensFor } from './requests.ts'

type Watched = Pick<Deployment, 'issuer' | 'population' | 'audits'>

/** More than any minute of a throttle that a look is long enough to see. */
const REQUESTS = 130

export async function observeThreats(deployment: Watched): Promise<Observed> {
  const { issuer, population } = deployment
  const token = await adminToken(issuer, population.admin)
  const client = await newClient(issuer, token)
  const user = await createPerson(issuer, token, `${Math.random()}@example.com`)
  const { refresh_token } = await tokensFor({ issuer, population: { user } }, client, 'openid offline_access')
  const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
  for (const _use of ['first', 'second']) await post({ issuer }, '/oauth/token', client, form)
  const answered = async () =>
    deployment.audits().some(({ event, client_id }) => event === 'threat_answered' && client_id === client.id)
  await until(answered, 'the signal was answered')

  const { passed, retryAfter } = await comeOften(issuer, client)
  if (retryAfter === undefined) return seen('not throttled', 'not throttled', 'not throttled')
  return seen('throttled', retryAfter <= 2 ? 'shortly' : 'long', passed <= 4 ? 'a few pass' : 'many pass')
}

const seen = (actions: string, seconds: string, perMinute: string): Observed => ({
  'threat.actions': actions,
  'threat.throttle_seconds': seconds,
  'threat.throttle_per_minute': perMinute,
})

async function newClient(issuer: string, token: string): Promise<TestClient> {
  const body = {
    name: 'Watched',
    type: 'confidential',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: ['openid', 'offline_access', 'orders:read'],
    audience: ['urn:sallyport:default'],
    roles: ['service'],
  }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  const made = await answerOf(await fetch(`${issuer}/admin/clients`, init))
  return { id: String(made.body.client_id), secret: String(made.body.client_secret) }
}

async function comeOften(issuer: string, client: TestClient) {
  for (let passed = 0; passed < REQUESTS; passed++) {
    const { status, headers } = await post({ issuer }, '/oauth/token', client, { grant_type: 'client_credentials' })
    if (status === 429) return { passed, retryAfter: Number(headers.get('retry-after')) }
  }
  return { passed: REQUESTS, retryAfter: undefined }
}
