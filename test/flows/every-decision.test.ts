/**
 * Each decision is replaced in turn by undefined, a time-out, a wrong shape and a deny, on each request that would succeed:
 * every endpoint fails closed with the right error, spends nothing, and the request itself succeeds right after (checklist
 * 49; docs/request-flow.md). That Rego which is so answers so is proven on real bundles in `fail-closed.test.ts`.
 */
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Route } from '../../src/auth/route.ts'
import type { AuthService } from '../../src/auth/service.ts'
import { PolicyUnavailable, type UnavailableReason } from '../../src/kernel/errors.ts'
import type { Decide, Verdict } from '../../src/policy-engine/decide.ts'
import { startAuthService, TEST_STREAM, type TestService } from '../servers/auth-service.ts'
import { useEverything } from './everything.ts'

const UNAVAILABLE = ['undefined', 'timeout', 'wrong_result'] as const satisfies readonly UnavailableReason[]
type Break = (typeof UNAVAILABLE)[number] | 'deny'
const HEADER = 'x-break'

interface Broken {
  readonly route: string
  readonly kind: Break
  readonly status: number
  readonly location: string
  readonly body: string
  readonly retryAfter: string
}

let service: TestService
const broken: Broken[] = []
/** Of requests under way, by their id. */
const breaks = new Map<string, Break>()

const breakable =
  (real: Decide): Decide =>
  async (name, input, context) => {
    const kind = breaks.get(context?.requestId ?? '')
    if (kind === undefined) return real(name, input, context)
    if (kind !== 'deny') throw new PolicyUnavailable(kind, name)
    const denied: unknown = { allow: false, reasons: [], decisionId: 'denied', revision: 'test' }
    return denied as Verdict<typeof name>
  }

/** A deny spends what was presented once for all: such a request is denied by tests of its own (`token.test.ts`, `consent.test.ts`). */
const spendsWhenDenied = (url: string, body: string): boolean =>
  url.startsWith('/consent') ||
  url.startsWith('/device/confirm') ||
  (url === '/oauth/token' && body.includes('grant_type=authorization_code'))

/** Before each request comes to its endpoint, it is made four times over with its decision broken. */
function breakEach(server: AuthService['server']): void {
  server.addHook('onRequest', async (request) => {
    const kind = request.headers[HEADER]
    if (typeof kind === 'string') breaks.set(request.id, kind as Break)
  })
  server.addHook('preParsing', async (request, _reply, payload) => {
    if (breaks.has(request.id)) return payload
    const chunks: Buffer[] = []
    for await (const chunk of payload) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks)
    const { method, url, headers } = request
    for (const kind of [...UNAVAILABLE, 'deny'] as const) {
      if (kind === 'deny' && spendsWhenDenied(url, body.toString())) continue
      const answer = await server.inject({
        method: method as 'GET',
        url,
        headers: { ...headers, [HEADER]: kind },
        ...(body.length > 0 && { payload: body }),
      })
      broken.push({
        route: `${method} ${request.routeOptions.url}`,
        kind,
        status: answer.statusCode,
        location: String(answer.headers.location ?? ''),
        body: answer.body,
        retryAfter: String(answer.headers['retry-after'] ?? ''),
      })
    }
    return Object.assign(Readable.from(body), { receivedEncodedLength: body.length })
  })
}

beforeAll(async () => {
  service = await startAuthService({ decide: breakable, onServer: breakEach, service: { signals: TEST_STREAM } })
  // Throws where a request does not succeed after its decision was broken.
  await useEverything(service)
})
afterAll(() => service?.close())

const asking = () => service.service.table.filter(({ decision }) => decision !== 'public')
const nameOf = ({ method, path }: Route) => `${method} ${path}`
const of = (route: Route, kinds: readonly Break[]) =>
  broken.filter((one) => one.route === nameOf(route) && kinds.includes(one.kind))

test('every route that asks was asked with each kind', () => {
  for (const route of asking())
    expect([nameOf(route), new Set(of(route, UNAVAILABLE).map(({ kind }) => kind)).size]).toEqual([nameOf(route), 3])
  expect(broken.length).toBeGreaterThan(300)
})

/** Answers that no decision stands behind: nothing was judged, so nothing was shown or done. */
const LEADS_ON = /^\/(login|consent|oauth\/authorize\/resume|logout)\b/

test('no decision to be had: 503 with Retry-After, or told to the client as temporarily_unavailable (checklist 49)', () => {
  for (const route of asking())
    for (const { kind, status, location, retryAfter, body } of of(route, UNAVAILABLE)) {
      const at = `${nameOf(route)} ${kind} ${status} ${location} ${body.slice(0, 200)}`
      const told = new URL(location, service.issuer).searchParams.get('error')
      if (status === 503) expect(Number(retryAfter), at).toBeGreaterThan(0)
      else if (status === 303 && told !== null) expect(told, at).toBe('temporarily_unavailable')
      // A form that is not our own is refused before anything is judged.
      else if (nameOf(route) === 'POST /logout' && status === 403)
        expect(body, at).toContain('did not come from our own page')
      // It asks for a proof: what is proven is judged.
      else if (nameOf(route) === 'POST /session/binding/refresh' && status === 403) expect(body, at).toBe('')
      // It leads to the page that will be judged.
      else expect([status, LEADS_ON.test(location)], at).toEqual([303, true])
      expect(told === 'access_denied' || /"(error|code)":"access_denied"/.test(body), at).toBe(false)
    }
})

/** What a deny reads as: 403, but where the protocol has another answer. */
const DENIED: ReadonlyMap<string, number> = new Map([
  ['GET /oauth/authorize', 303],
  ['POST /oauth/authorize', 303],
  ['GET /oauth/authorize/resume', 303],
  ['POST /oauth/device_authorization', 400],
  ['POST /oauth/token', 400],
  ['POST /oauth/introspect', 200],
  ['POST /oauth/revoke', 400],
])

test('a deny is never a success, and never a failure of ours (checklist 49)', () => {
  for (const route of asking())
    for (const { status, location, body } of of(route, ['deny'])) {
      const at = `${nameOf(route)} ${status} ${location} ${body.slice(0, 200)}`
      expect(status, at).toBe(DENIED.get(nameOf(route)) ?? 403)
      const told = new URL(location, service.issuer).searchParams
      expect(told.has('code'), at).toBe(false)
      if (status === 303) expect(told.has('error') || LEADS_ON.test(location), at).toBe(true)
      // RFC 7662 2.2: a deny reads like a token that has ended.
      else if (route.path === '/oauth/introspect' && status === 200) expect(body, at).toBe('{"active":false}')
      else expect(status, at).toBeGreaterThanOrEqual(400)
    }
})

test('nothing that was broken gave a secret away', () => {
  const SECRET = /"(access_token|refresh_token|id_token|client_secret|registration_access_token|request_uri)":"/
  const gave = asking().flatMap((route) => of(route, [...UNAVAILABLE, 'deny']).filter(({ body }) => SECRET.test(body)))
  expect(gave.map(({ route, kind }) => `${route} ${kind}`)).toEqual([])
})
