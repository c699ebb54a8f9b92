/**
 * For tests: a deployment with all that people meet. Letters go into a folder, an identity provider stands beside it over TLS,
 * and a device asks for access.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Browser, formAt, formOf, type Visited } from '../servers/browser.ts'
import { makeCertificates, trustAuthority } from '../servers/certificates.ts'
import { type Deployment, type DeploymentOptions, deploy, type Shape } from '../servers/deployment.ts'
import { freePort } from '../servers/free-port.ts'
import { type OpenIdSite, openOpenIdSite } from '../servers/openid-site.ts'
import type { TestClient } from '../servers/population.ts'
import { pinIn } from '../servers/secure-site.ts'
import { linkIn } from '../servers/smtp-server.ts'
import { until } from '../servers/until.ts'
import type { Person } from './factors.ts'
import { NO_PIN } from './federation.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export interface WithPeople {
  readonly deployment: Deployment
  /** Known as `own`. */
  readonly provider: OpenIdSite
  /** The link of the newest letter to this address that leads to this path; waits for one. */
  linkFor(address: string, path: string): Promise<string>
  stop(): Promise<void>
}

export async function deployWithPeople(
  shape: Shape,
  { settings, ...options }: DeploymentOptions = {},
): Promise<WithPeople> {
  const folder = mkdtempSync(join(tmpdir(), 'with-people-'))
  const certificates = await makeCertificates(folder)
  trustAuthority(certificates)
  const port = await freePort()
  const callback = `http://localhost:${port}/federation/callback/own`
  const provider = await openOpenIdSite(certificates, { redirectUris: [callback] })
  const secretFile = join(folder, 'client-secret')
  writeFileSync(secretFile, provider.client.secret, { mode: 0o600 })
  const letters = join(folder, 'letters')
  const own = {
    id: 'own',
    kind: 'oidc',
    issuer: provider.issuer,
    client_id: provider.client.id,
    client_secret_file: secretFile,
    ca_file: certificates.caFile,
    pins: [pinIn(certificates.certFile), NO_PIN],
    allow: ['localhost'],
    keep_tokens: 'all',
  }
  const stopSite = async () => {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const deployment = await deploy(shape, {
    ...options,
    redis: { tls: certificates, ...options.redis },
    port,
    settings: {
      mail: { from: 'Test <no-reply@example.com>', directory: letters },
      federation: { providers: [own] },
      ...settings,
    },
  }).catch(async (cause) => {
    await stopSite()
    throw cause
  })
  return {
    deployment,
    provider,
    linkFor: (address, path) => linkFor(letters, address, path),
    stop: async () => {
      await deployment.stop()
      await stopSite()
    },
  }
}

async function linkFor(letters: string, address: string, path: string): Promise<string> {
  let found: string | undefined
  await until(async () => {
    const texts = (existsSync(letters) ? readdirSync(letters) : [])
      .toSorted()
      .map((file) => readFileSync(join(letters, file), 'utf8'))
    const message = texts.findLast((text) => text.includes(`To: ${address}`) && text.includes(path))
    found = message === undefined ? undefined : linkIn({ message }, path)
    return found !== undefined
  }, `a letter to ${address} with a link to ${path}`)
  return found ?? ''
}

/** A client for devices, made by the admin API. */
export async function registerDevice({ issuer }: Deployment, admin: string): Promise<TestClient> {
  const response = await fetch(`${issuer}/admin/clients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Television',
      type: 'confidential',
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      scopes: ['openid', 'profile', 'offline_access'],
      audience: ['urn:sallyport:default'],
    }),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`no client for devices: ${response.status} ${text}`)
  const { client_id: id, client_secret: secret } = JSON.parse(text)
  return { id: String(id), secret: String(secret) }
}

/** As far as the password, wherever that leads. */
export async function enter(browser: Browser, url: string, { userName, password }: Person): Promise<Visited> {
  let page = await browser.visit(url)
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  return page.url.includes('/login/password') ? browser.submit(page, { password }) : page
}

/** The person asks for it on the page of their address, in a browser that is signed in. */
export async function askToVerify(browser: Browser, issuer: string): Promise<void> {
  const { action, fields } = formAt(await browser.visit(`${issuer}/account/email`), /email$/)
  fields.set('purpose', 'verify')
  const sent = await browser.visit(action, { method: 'POST', body: fields })
  if (sent.status !== 200) throw new Error(`${action}: ${sent.status} ${sent.text}`)
}

export async function askToReset(issuer: string, userName: string): Promise<void> {
  const browser = new Browser(issuer)
  await browser.submit(await browser.visit(`${issuer}/password/forgot`), { username: userName })
}

/** Sends the form of a page as this browser would, to another address of the same service if one is named. */
export function sendForm(
  browser: Browser,
  page: Visited,
  values: Readonly<Record<string, string>>,
  route: (url: string) => string = (url) => url,
): Promise<Response> {
  const { action, fields } = formOf(page)
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  return fetch(route(action), {
    method: 'POST',
    body: fields,
    redirect: 'manual',
    headers: { cookie: cookiesOf(browser), 'sec-fetch-site': 'same-origin' },
  })
}

export const cookiesOf = ({ cookies }: Browser): string =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
