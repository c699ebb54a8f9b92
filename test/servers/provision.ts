/** For tests: an instance is given its clients and its person from outside, over the admin API and SCIM. */
import { POST_LOGOUT_URI, type Population, REDIRECT_URI, type TestClient } from './population.ts'

export type ProvisionedPopulation = Pick<Population, 'web' | 'resourceServer' | 'admin' | 'receiver' | 'user'>

const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

async function send(url: string, token: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`POST ${url} answers ${response.status} ${text}`)
  return JSON.parse(text)
}

/** `setup` is what `sallyport init` printed; it is spent here. */
export async function provision(
  issuer: string,
  setup: string,
  redirectUris: readonly string[],
): Promise<ProvisionedPopulation> {
  const register = async (token: string, settings: object): Promise<TestClient> => {
    const { client_id: id, client_secret: secret } = await send(`${issuer}/admin/clients`, token, settings)
    return { id: String(id), secret: String(secret) }
  }
  const admin = await register(setup, {
    name: 'Administration',
    type: 'confidential',
    grant_types: ['client_credentials'],
    scopes: ['scim', 'admin', 'register'],
    audience: ['urn:sallyport:platform'],
    roles: ['platform_admin'],
  })
  const token = await adminToken(issuer, admin)
  const web = await register(token, {
    name: 'Web shop',
    type: 'confidential',
    redirect_uris: [REDIRECT_URI, ...redirectUris],
    post_logout_redirect_uris: [POST_LOGOUT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'orders:read'],
    audience: ['urn:sallyport:default', 'urn:example:stock'],
    roles: ['service'],
  })
  const resourceServer = await register(token, {
    name: 'Orders',
    type: 'confidential',
    resources: ['urn:sallyport:default'],
  })
  const receiver = await registerAs('receiver', issuer, token)
  return { admin, web, resourceServer, receiver, user: await createPerson(issuer, token, 'alice@example.com') }
}

/** Under an id of its own, by which the configuration names it. */
async function registerAs(id: string, issuer: string, token: string): Promise<TestClient> {
  const response = await fetch(`${issuer}/admin/clients/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-none-match': '*' },
    body: JSON.stringify({
      name: 'Monitoring',
      type: 'confidential',
      grant_types: ['client_credentials'],
      scopes: ['ssf.read', 'ssf.manage'],
      audience: ['urn:sallyport:platform'],
      roles: ['signal_receiver'],
    }),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`client ${id}: ${response.status} ${text}`)
  return { id, secret: String(JSON.parse(text).client_secret) }
}

/** By SCIM; `token` is the administration's. */
export async function createPerson(
  issuer: string,
  token: string,
  userName: string,
  roles: readonly string[] = ['user'],
): Promise<Population['user']> {
  const user = { userName, password: 'correct horse battery' }
  const { id } = await send(`${issuer}/scim/v2/Users`, token, {
    schemas: [USER_SCHEMA],
    ...user,
    displayName: 'Alice Doe',
    emails: [{ value: userName, primary: true }],
    roles: roles.map((value) => ({ value })),
  })
  return { ...user, sub: String(id) }
}

/** An access token of the administration, for SCIM and the admin API. */
export const adminToken = (issuer: string, client: TestClient): Promise<string> =>
  clientToken(issuer, client, 'scim admin')

/** An access token of a client for itself. */
export async function clientToken(issuer: string, { id, secret }: TestClient, scope: string): Promise<string> {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope,
      client_id: id,
      client_secret: secret,
    }),
  })
  const body: Record<string, unknown> = JSON.parse(await response.text())
  if (typeof body.access_token !== 'string') throw new Error(`no token of scope ${scope}: ${JSON.stringify(body)}`)
  return body.access_token
}
