/** Rate limits on the real service: who is counted where, what a refused caller reads, what is audited. RFC 6585 4; checklist 20. */
import { afterEach, expect, test } from 'vitest'
import { RATED, type RateTable, ratedEndpoint } from '../../src/auth/threat/limits/rate-limiter.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService, type TestServiceOptions } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, basic, codeFor, post } from './requests.ts'

const running: TestService[] = []
afterEach(async () => {
  for (const service of running.splice(0)) await service.close()
})

const table = (rates: Partial<RateTable>): RateTable => ({
  ...(Object.fromEntries(RATED.map((endpoint) => [endpoint, {}])) as RateTable),
  ...rates,
})

async function serve(rates: Partial<RateTable>, over: Partial<TestServiceOptions> = {}): Promise<TestService> {
  const service = await startAuthService({
    ...over,
    service: {
      rates: { table: table(rates), windowSeconds: 60, batchShare: 0.1 },
      trustedProxies: ['127.0.0.1'],
      ...over.service,
    },
  })
  running.push(service)
  return service
}

const from = (
  service: TestService,
  path: string,
  address: string,
  headers: Record<string, string> = {},
  form?: Record<string, string>,
) =>
  fetch(`${service.issuer}${path}`, {
    headers: { 'x-forwarded-for': address, ...headers },
    redirect: 'manual',
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  }).then(answerOf)

const tokenOf = (service: TestService, client: TestClient, address: string): Promise<Answer> =>
  from(service, '/oauth/token', address, { authorization: basic(client) }, { grant_type: 'client_credentials' })

const limited = (service: TestService) => service.audits.filter(({ event }) => event === 'rate_limited')

function expectRefusal({ status, headers }: Answer): void {
  expect(status).toBe(429)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(headers.get('cache-control')).toBe('no-store')
}

async function times(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let time = 0; time < count; time++) answers.push(await ask())
  return answers
}
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status)

test('a client is refused beyond its limit, whatever its addresses, and no other is (checklist 20)', async () => {
  const service = await serve({ token: { client: 5 } })
  const { web, other } = service.population
  let host = 0
  const answers = await times(7, () => tokenOf(service, web, `198.51.100.${++host}`))
  expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 429, 429])
  const [refused] = answers.slice(-1)
  expect(refused?.body).toEqual({ error: 'slow_down', error_description: expect.any(String) })
  if (refused) expectRefusal(refused)
  expect((await tokenOf(service, other, '198.51.100.1')).status).toBe(200)
  expect(limited(service)).toMatchObject([{ client_id: 'web', detail: 'token:client', tenant: TENANT }])
})

test('no other spelling of an address is outside its limit (checklist 20)', async () => {
  const service = await serve({ token: { client: 3 } })
  const ask = async (path: string) =>
    (await post(service, path, service.population.web, { grant_type: 'client_credentials' })).status
  for (let count = 0; count < 6; count++) expect(await ask('/oauth/%74oken')).toBe(400)
  for (const status of [200, 200, 200, 429]) expect(await ask('/oauth/token')).toBe(status)
})

test('after its window the client is served again', async () => {
  const service = await serve({ token: { client: 5 } })
  await times(6, () => tokenOf(service, service.population.web, '198.51.100.1'))
  service.advance(120)
  expect((await tokenOf(service, service.population.web, '198.51.100.1')).status).toBe(200)
})

test('whoever proves nothing uses up nobody’s limit but its address’s (checklist 20)', async () => {
  const service = await serve({ token: { client: 5, address: 20 } })
  const { web } = service.population
  const wrong = { id: web.id, secret: 'wrong' }
  const answers = await times(25, () => tokenOf(service, wrong, '198.51.100.9'))
  expect(statuses(answers)).toEqual([...Array<number>(20).fill(401), ...Array<number>(5).fill(429)])
  expect((await tokenOf(service, web, '198.51.100.1')).status).toBe(200)
  expect(limited(service)).toMatchObject([{ detail: 'token:address' }])
  expect(JSON.stringify(service.audits)).not.toContain('198.51.100')
})

test('a public client is counted for each network that names it, since anybody can', async () => {
  const service = await serve({ token: { client: 5 } })
  const form = { grant_type: 'refresh_token', refresh_token: 'none', client_id: 'spa' }
  const ask = (address: string) => () => from(service, '/oauth/token', address, {}, form)
  expect(statuses(await times(6, ask('198.51.100.1'))).at(-1)).toBe(429)
  expect((await ask('198.51.100.2')()).status).toBe(400)
})

test.each([
  ['introspect', '/oauth/introspect', { token: 'x' }],
  ['revoke', '/oauth/revoke', { token: 'x' }],
  ['par', '/oauth/par', { response_type: 'code' }],
] as const)('%s counts clients and addresses (checklist 20)', async (endpoint, path, form) => {
  const service = await serve({ [endpoint]: { client: 3, address: 5 } })
  const { resourceServer } = service.population
  const ask = (address: string) => () => from(service, path, address, { authorization: basic(resourceServer) }, form)
  let host = 0
  const byClient = await times(4, () => ask(`198.51.100.${++host}`)())
  expect(statuses(byClient).slice(0, 3)).not.toContain(429)
  byClient.slice(3).forEach(expectRefusal)
  const nobody = () => from(service, path, '203.0.113.9', {}, form)
  const byAddress = await times(6, nobody)
  expect(statuses(byAddress).slice(0, 5)).not.toContain(429)
  byAddress.slice(5).forEach(expectRefusal)
  expect(limited(service).map(({ detail }) => detail)).toEqual([`${endpoint}:client`, `${endpoint}:address`])
})

test('a person is counted over all clients, at userinfo and at the token endpoint (checklist 20)', async () => {
  const service = await serve({ userinfo: { person: 3 }, token: { person: 2 } })
  const { web, other } = service.population
  const tokens: string[] = []
  for (const client of [web, other]) {
    const { form } = await codeFor(service, client, 'openid profile')
    tokens.push(String((await post(service, '/oauth/token', client, form)).body.access_token))
  }
  const { form } = await codeFor(service, web, 'openid')
  expectRefusal(await post(service, '/oauth/token', web, form))
  const ask = (token?: string) => () =>
    from(service, '/oauth/userinfo', '198.51.100.1', { authorization: `Bearer ${token}` })
  expect(statuses([...(await times(2, ask(tokens[0]))), ...(await times(2, ask(tokens[1])))])).toEqual([
    200, 200, 200, 429,
  ])
  // Refused before anything was spent: the code is good once the window has passed.
  service.advance(61)
  expect((await post(service, '/oauth/token', web, form)).status).toBe(400)
})

test('authorize and the sign-in pages answer a page, to the person and not to the application (checklist 20)', async () => {
  const service = await serve({ authorize: { address: 3, person: 2 }, login: { address: 2 } })
  const { web, user } = service.population
  const begun = await begin(await discover(service.issuer, web), 'openid')
  const browser = new Browser(service.issuer)
  // The browser comes from loopback, which is not counted by address; its person is.
  await browser.authorize(begun.url, user)
  const pages = [await browser.visit(begun.url), await browser.visit(begun.url)]
  expect(pages.at(-1)).toMatchObject({ status: 429, text: expect.stringContaining('Too many') })
  expect(pages.at(-1)?.left).toBeUndefined()
  const path = begun.url.slice(service.issuer.length)
  const answers = await times(4, () => from(service, path, '198.51.100.1'))
  expect(statuses(answers)).toEqual([303, 303, 303, 429])
  expect(answers.at(-1)?.headers.get('content-type')).toContain('text/html')
  expect(statuses(await times(3, () => from(service, '/login', '198.51.100.1'))).at(-1)).toBe(429)
})

test('SCIM and the admin API answer in their own words (checklist 20)', async () => {
  const service = await serve({ scim: { client: 2 }, admin: { client: 2 } })
  const { admin } = service.population
  const form = { grant_type: 'client_credentials', scope: 'scim admin' }
  const { access_token: token } = (await post(service, '/oauth/token', admin, form)).body
  const ask = (path: string) => () => from(service, path, '198.51.100.1', { authorization: `Bearer ${token}` })
  const scim = await times(3, ask('/scim/v2/Users'))
  scim.slice(2).forEach(expectRefusal)
  expect(scim[2]?.body).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '429' })
  const problems = await times(3, ask('/admin/clients'))
  expect(problems[2]?.body).toMatchObject({ status: 429, code: 'too_many_requests' })
})

test('IPv6 is counted by /64, and X-Forwarded-For only as far as trusted proxies wrote it (checklist 20, checklist 50)', async () => {
  const service = await serve({ token: { address: 3 } })
  const { web } = service.population
  let host = 0
  const global = await times(4, () => tokenOf(service, web, `2a00:1450:4001:81b::${++host}`))
  expect(statuses(global)).toEqual([200, 200, 200, 429])
  // What the caller wrote itself stands left of what the proxy wrote.
  const forged = await times(4, () => tokenOf(service, web, `8.8.4.${++host}, 8.8.8.8`))
  expect(statuses(forged)).toEqual([200, 200, 200, 429])
})

test('without known proxies a private address is not counted, since everybody may come through it, and the log says so once', async () => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => lines.push(line) } })
  const service = await serve({ token: { address: 2 } }, { service: { trustedProxies: [] }, logger })
  expect(statuses(await times(5, () => tokenOf(service, service.population.web, '8.8.8.8')))).not.toContain(429)
  const warned = lines.filter((line) => line.includes('auth.trusted_proxies'))
  expect(warned).toEqual([expect.stringContaining('name your proxies there')])
  expect(warned[0]).not.toContain('8.8.8.8')
})

test('two nodes on one store share their counts (checklist 20)', async () => {
  const first = await serve({ token: { client: 10 } })
  const store: TestServiceOptions['store'] = async (path, clock) => ({
    ...(await openSqliteStore({ path, clock })),
    limits: first.store.limits,
  })
  const nodes = [first, await serve({ token: { client: 10 } }, { store })]
  const answers: Answer[] = []
  for (let time = 0; time < 10; time++)
    for (const node of nodes) answers.push(await tokenOf(node, node.population.web, '198.51.100.1'))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
})

test('every address of the table that is not public is counted', async () => {
  const service = await serve({})
  const open = service.service.table.filter(({ decision }) => decision !== 'public')
  expect(open.filter(({ path }) => ratedEndpoint(path) === undefined).map(({ path }) => path)).toEqual([])
})
