/** For tests: the auth service with identity providers beside it, and browsers that go there and come back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRESETS, type ProviderOptions } from '../../src/auth/federation/provider/options.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { startAuthService, type TestService, type TestServiceOptions } from '../servers/auth-service.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { type Certificates, makeCertificates, trustAuthority } from '../servers/certificates.ts'
import { freePort } from '../servers/free-port.ts'
import { type GithubSite, openGithubSite } from '../servers/github-site.ts'
import { type OpenIdSite, openOpenIdSite } from '../servers/openid-site.ts'
import { pinIn, type SecureSite } from '../servers/secure-site.ts'
import { begin, discover } from './relying-party.ts'

export const MICROSOFT_TENANT = '7b1f2c3d-0000-4000-8000-1234567890ab'

/** A pin that no key has. */
export const NO_PIN = `${'A'.repeat(43)}=`

export interface Federated extends TestService {
  readonly google: OpenIdSite
  readonly microsoft: OpenIdSite
  readonly github: GithubSite
  /** Another OpenID provider, that tests turn against the others. */
  readonly other: OpenIdSite
  readonly certificates: Certificates
  /** Text of the metrics of this service. */
  metricsText(): Promise<string>
  /** Lines of the operational log so far. */
  readonly logged: string[]
}

export interface FederatedOptions extends Omit<TestServiceOptions, 'service'> {
  /** Differences from what `providersOf` configures, by id. */
  readonly change?: (provider: ProviderOptions, pins: Pins) => ProviderOptions
  readonly dpop?: boolean
  readonly service?: TestServiceOptions['service']
}

export interface Pins {
  /** Of the sites' own certificate. */
  readonly leaf: string
  /** Of its authority. */
  readonly authority: string
}

type Site = Pick<OpenIdSite, 'issuer' | 'client'> & { readonly apiUrl?: string }

const optionsOf = (
  id: string,
  kind: ProviderOptions['kind'],
  site: Site,
  ca: string,
  pins: Pins,
  more: Partial<ProviderOptions> = {},
): ProviderOptions => ({
  id,
  kind,
  displayName: PRESETS[kind].displayName,
  issuer: site.issuer,
  apiUrl: site.apiUrl ?? 'https://api.github.com',
  clientId: site.client.id,
  clientSecret: site.client.secret,
  authMethod: 'client_secret_post',
  scopes: PRESETS[kind].scopes,
  responseMode: 'query',
  userinfo: false,
  pins: [pins.leaf, NO_PIN],
  ca,
  allow: ['localhost', '127.0.0.1'],
  timeoutMs: 5_000,
  retries: 1,
  breaker: { failures: 3, resetMs: 60_000 },
  clockToleranceSeconds: 10,
  dpop: 'auto',
  keepTokens: 'id_token',
  signOutReturns: false,
  roles: {},
  attributes: {},
  ...more,
})

/** Ends with `close`. */
export async function startFederated(options: FederatedOptions = {}): Promise<Federated> {
  const { change = (provider) => provider, dpop = false, service: more, ...rest } = options
  const folder = mkdtempSync(join(tmpdir(), 'federation-'))
  const certificates = await makeCertificates(folder)
  trustAuthority(certificates)
  const port = await freePort()
  const back = (id: string) => `http://localhost:${port}/federation/callback/${id}`
  const returns = [`http://localhost:${port}/logout`]
  const openId = (id: string, tenant?: string) =>
    openOpenIdSite(certificates, {
      redirectUris: [back(id)],
      postLogoutUris: returns,
      dpop,
      ...(tenant !== undefined && { tenant }),
    })
  const [google, microsoft, other] = await Promise.all([
    openId('google'),
    openId('microsoft', MICROSOFT_TENANT),
    openId('other'),
  ])
  const github = await openGithubSite(certificates, { redirectUri: back('github') })
  const ca = readFileSync(certificates.caFile, 'utf8')
  const pins = { leaf: pinIn(certificates.certFile), authority: pinIn(certificates.caFile) }
  const providers = [
    optionsOf('google', 'google', google, ca, pins),
    optionsOf('microsoft', 'microsoft', microsoft, ca, pins, { tenant: MICROSOFT_TENANT }),
    optionsOf('github', 'github', github, ca, pins),
    optionsOf('other', 'oidc', other, ca, pins),
  ].map((provider) => change(provider, pins))
  const metrics = createMetrics('federation')
  const logged: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line: string) => void logged.push(line) } })
  const service = await startAuthService({ ...rest, port, logger, service: { metrics, providers, ...more } })
  const sites: readonly SecureSite[] = [google, microsoft, github, other]
  return {
    ...service,
    google,
    microsoft,
    github,
    other,
    certificates,
    logged,
    metricsText: () => metrics.registry.metrics(),
    close: async () => {
      await service.close()
      for (const site of sites) await site.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A browser on the sign-in page of an authorization request. */
export async function onSignInPage(
  service: Federated,
  parameters: Readonly<Record<string, string>> = {},
): Promise<{ readonly browser: Browser; readonly page: Visited; readonly url: string }> {
  const { url } = await begin(
    await discover(service.issuer, service.population.web),
    'openid profile email',
    parameters,
  )
  const browser = new Browser(service.issuer)
  return { browser, page: await browser.visit(url), url }
}

export const linkTo = (page: Visited, provider: string): string => {
  const href = new RegExp(`href="(/federation/${provider}/start[^"]*)"`).exec(page.text)?.[1]
  if (href === undefined) throw new Error(`no link to ${provider} on ${page.url}`)
  return new URL(href.replaceAll('&amp;', '&'), page.url).href
}

/** There, with a browser of its own that keeps the provider's cookies, up to the address it sends back to. */
export async function atProvider(url: URL | undefined, there = new Browser(url?.origin ?? '')): Promise<URL> {
  if (url === undefined) throw new Error('nobody was sent to a provider')
  const came = await there.visit(url.href)
  if (came.left === undefined) throw new Error(`stayed at ${came.url}: ${came.status} ${came.text.slice(0, 300)}`)
  return came.left
}

/** From the sign-in page to the provider, and the page or address that the browser is back on. */
export async function signInAt(
  { browser, page }: { readonly browser: Browser; readonly page: Visited },
  provider: string,
): Promise<Visited> {
  const left = await browser.visit(linkTo(page, provider))
  if (left.left === undefined) return left
  return browser.visit((await atProvider(left.left)).href)
}

/** The code that the client is given, after consent where it is asked for. */
export async function codeAfter(browser: Browser, page: Visited): Promise<string> {
  const at = page.url.includes('/consent') ? await browser.submit(page, { answer: 'allow' }) : page
  const code = at.left?.searchParams.get('code')
  if (!code) throw new Error(`no code at ${at.url}: ${at.status} ${at.left?.href} ${at.text.slice(0, 400)}`)
  return code
}

let people = 0
/** Whom a provider knows, and nobody here yet. */
export const somebody = (more: object = {}) => {
  people += 1
  const email = `person${people}@example.com`
  return { sub: `upstream-${people}`, email, email_verified: true, name: `Person ${people}`, ...more }
}

/** Why sign-ins at providers failed, as audit has it. */
export const failuresOf = ({ audits }: Pick<Federated, 'audits'>): readonly unknown[] =>
  audits.filter(({ event }) => event === 'federation_failed').map(({ detail }) => detail)
