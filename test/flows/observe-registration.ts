/** For tests: what each obligation of `register` comes to for a client that registers itself. RFC 7591. */
import { Browser } from '../servers/browser.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Met, Observed } from './observed.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf } from './requests.ts'

export async function registerClient(
  { issuer }: Pick<Met, 'issuer'>,
  initialToken: string | undefined,
  metadata: object,
): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    ...(initialToken !== undefined && { authorization: `Bearer ${initialToken}` }),
  }
  const answer = await fetch(`${issuer}/oauth/register`, { method: 'POST', headers, body: JSON.stringify(metadata) })
  return answerOf(answer)
}

const WEB = { redirect_uris: [REDIRECT_URI], grant_types: ['authorization_code', 'refresh_token'] }

export async function observeRegistration(deployment: Met, codeAgeMs: number | undefined): Promise<Observed> {
  const { issuer, population } = deployment
  const token = await clientToken(issuer, population.admin, 'register')
  const { status, body } = await registerClient(deployment, token, { ...WEB, scope: 'openid email' })
  // Where tokens are of other scopes than were asked for, nobody registers.
  if (status !== 201) return {}
  const bare = await registerClient(deployment, token, { ...WEB, grant_types: ['authorization_code'] })
  const machine = await registerClient(deployment, token, { grant_types: ['client_credentials'] })
  const admin = { authorization: `Bearer ${await clientToken(issuer, population.admin, 'admin')}` }
  const seen = await answerOf(await fetch(`${issuer}/admin/clients/${body.client_id}`, { headers: admin }))
  const unused = codeAgeMs === undefined ? undefined : await readLate(bare.body, codeAgeMs)
  return {
    'register.scopes': [body.scope, bare.body.scope],
    'register.audience': seen.body.audience,
    'register.assertion_audience': seen.body.assertion_audience,
    'register.grant_types': machine.body.grant_types ?? machine.body.error,
    'register.requires': body.require_pushed_authorization_requests,
    'register.secret_ttl_seconds':
      body.client_secret_expires_at === 0
        ? 'for ever'
        : Number(body.client_secret_expires_at) - Number(body.client_id_issued_at),
    'register.pkce': await withoutPkce(deployment, body),
    'register.consent': await askedTwice(deployment, body),
    'register.unused_ttl_seconds': unused,
  }
}

const credentials = ({ client_id: id, client_secret: secret }: Answer['body']) => ({
  id: String(id),
  secret: String(secret),
})

async function withoutPkce({ issuer }: Met, body: Answer['body']): Promise<string> {
  const url = new URL((await begin(await discover(issuer, credentials(body)), 'openid')).url)
  url.searchParams.delete('code_challenge')
  url.searchParams.delete('code_challenge_method')
  const page = await new Browser(issuer).visit(url.href)
  return page.url.includes('/login') ? 'goes on' : (page.left?.searchParams.get('error') ?? 'is refused')
}

async function askedTwice({ issuer, population }: Met, body: Answer['body']): Promise<string> {
  const rp = await discover(issuer, credentials(body))
  const browser = new Browser(issuer)
  const { userName: username, password } = population.user
  const login = await browser.visit((await begin(rp, 'openid')).url)
  if (!login.url.includes('/login')) return 'refused'
  const page = await browser.submit(login, { username, password })
  if (!page.url.includes('/consent')) return 'not asked'
  await browser.submit(page, { answer: 'allow' })
  const again = await browser.visit((await begin(rp, 'openid')).url)
  return again.url.includes('/consent') ? 'asked again' : 'remembered'
}

async function readLate(body: Answer['body'], ageMs: number): Promise<string> {
  const issuedAt = Date.now()
  await until(async () => Date.now() - issuedAt > ageMs, 'the registration has aged')
  const headers = { authorization: `Bearer ${body.registration_access_token}` }
  const { status } = await fetch(String(body.registration_client_uri), { headers })
  return status === 200 ? 'kept' : 'gone'
}
