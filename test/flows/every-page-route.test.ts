/**
 * Every route that answers people, over HTTP, asked by somebody signed out and by somebody signed in, and used rightly: whatever
 * page comes back is one that nobody can lead astray. Checklist 10, 11, 12.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Language, pageLanguage } from '../../web/language.ts'
import { expectSoundPage } from '../pages/sound-page.ts'
import { TEST_STREAM } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { useEverything } from './everything.ts'
import { type Federated, startFederated } from './federation.ts'
import { begin, discover } from './relying-party.ts'

interface Sent {
  readonly route: string
  readonly status: number
  readonly accepted: readonly string[]
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

let service: Federated
const sent: Sent[] = []

beforeAll(async () => {
  service = await startFederated({
    service: { signals: TEST_STREAM },
    onServer: (server) => {
      server.addHook('onSend', async (request, reply, payload) => {
        const headers = Object.fromEntries(
          Object.entries(reply.getHeaders()).map(([name, value]) => [
            name,
            value === undefined ? value : String(value),
          ]),
        )
        sent.push({
          route: `${request.method} ${request.routeOptions.url}`,
          status: reply.statusCode,
          accepted: [request.headers['accept-language'] ?? []].flat(),
          headers,
          body: typeof payload === 'string' || Buffer.isBuffer(payload) ? String(payload) : '',
        })
        return payload
      })
    },
  })
})
afterAll(() => service.close())

const pageRoutes = () => service.service.table.filter(({ errors }) => errors === 'page')
const pathOf = (path: string): string => path.replace(':provider', 'google').replace(':id', 'nobody')
const isPage = ({ headers, body }: Sent): boolean =>
  (headers['content-type'] ?? '').startsWith('text/html') && body !== ''

/** Each page route once, by its method, without anything that it needs; answers what was sent. */
async function askAll(browser: Browser): Promise<Sent[]> {
  sent.length = 0
  for (const { method, path } of pageRoutes()) {
    // Whoever signs themselves out sees less afterwards.
    if (path === '/logout' && method === 'POST') continue
    const body = method === 'POST' ? { body: new URLSearchParams() } : {}
    await browser.visit(`${service.issuer}${pathOf(path)}`, { method, ...body })
  }
  return [...sent]
}

function expectSound(pages: readonly Sent[], language?: Language): void {
  for (const page of pages) {
    const what = `${page.route} ${page.status}`
    expect(page.headers['cache-control'], what).toBe('no-store')
    expect(page.headers['referrer-policy'], what).toBe('no-referrer')
    if (isPage(page)) expectSoundPage(page, language ?? pageLanguage(page.accepted), what)
  }
}

const notAsked = (answered: readonly Sent[]): string[] => {
  const routes = new Set(answered.map(({ route }) => route))
  return pageRoutes()
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !routes.has(route))
}

describe.each(['en', 'ar'] as const)('asked without anything, in %s', (language) => {
  test('by somebody signed out: a page or a redirect, kept by nobody, that runs nothing of its own (checklist 10, 11, 12)', async () => {
    const browser = new Browser(service.issuer)
    browser.headers['accept-language'] = language
    const answered = await askAll(browser)
    expect(notAsked(answered)).toEqual(['POST /logout'])
    expectSound(answered, language)
    expect(answered.filter(({ status }) => status >= 500)).toEqual([])
    expect(answered.filter(isPage).length).toBeGreaterThan(30)
  })

  test('by somebody signed in: the pages of the account, and faults that say what to do (checklist 10, 11, 12)', async () => {
    const browser = new Browser(service.issuer)
    browser.headers['accept-language'] = language
    const { url } = await begin(await discover(service.issuer, service.population.web), 'openid')
    await browser.authorize(url, service.population.user)
    const answered = await askAll(browser)
    expect(notAsked(answered)).toEqual(['POST /logout'])
    expectSound(answered, language)
    const own = pageRoutes().filter(({ method, path }) => method === 'GET' && path.startsWith('/account'))
    expect(own.length).toBeGreaterThan(7)
    for (const { path } of own) {
      const shown = answered.find(({ route, status }) => route === `GET ${path}` && status === 200)
      expect(shown?.body, path).toContain('aria-current="page"')
    }
  })
})

test('used rightly, each form of each page has a token of its own, and sign-in to sign-out shows nothing else (checklist 10, 11, 12)', async () => {
  sent.length = 0
  await useEverything(service)
  const pages = sent.filter(isPage)
  expectSound(pages)
  const seen = new Set(pages.filter(({ status }) => status === 200).map(({ route }) => route))
  for (const page of ['/login', '/login/password', '/login/select', '/consent', '/mfa/totp', '/mfa/enrol/passkey'])
    expect(seen).toContain(`GET ${page}`)
  // What was posted is shown at no address, but for a form with a fault.
  const posted = pages.filter(({ route }) => route.startsWith('POST '))
  expect(posted.length).toBeGreaterThan(5)
  for (const { route, body } of posted.filter(({ body }) => !body.includes('<title>Error: ')))
    expect(body, route).not.toContain('class="languages"')
  // A nonce serves one page.
  const nonces = pages.map(({ headers }) => /'nonce-([^']+)'/.exec(headers['content-security-policy'] ?? '')?.[1])
  expect(new Set(nonces).size).toBe(pages.length)
})
