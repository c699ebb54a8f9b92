/**
 * Each decision is replaced in turn by undefined, a time-out, a wrong shape and a deny, on each request that would succeed:
 * every endpoint fails closed with the right error, spends nothing, and the request itself succeeds right after (checklist
 * 49; docs/request-flow.md). That Rego which is so answers so is proven on real bundles in `fail-closed.test.ts`.
 */
import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Route } from '../../src/auth/route.ts'
import type { AuthService } from '../../src/auth/service.ts'
import { OAUTH_ERRORS, PROBLEMS, SCIM_ERRORS } from '../../src/kernel/error-codes.ts'
import { PolicyUnavailable, type UnavailableReason } from '../../src/kernel/errors.ts'
import { DECISIONS, type DecisionName } from '../../src/policy-engine/contract/index.ts'
import type { Decide, Verdict } from '../../src/policy-engine/decide.ts'
import { ERRORS } from '../../web/words/errors.ts'
import { startAuthService, TEST_STREAM, type TestService } from '../servers/auth-service.ts'
import { useEverything } from './everything.ts'

const UNAVAILABLE = ['undefined', 'timeout', 'wrong_result'] as const satisfies readonly UnavailableReason[]
type Break = (typeof UNAVAILABLE)[number] | 'deny' | `deny ${string}`
const HEADER = 'x-break'

interface Broken {
  readonly route: string
  readonly kind: Break
  readonly status: number
  readonly location: string
  readonly body: string
  readonly retryAfter: string
  /** That was denied, if one was. */
  readonly decision: DecisionName | undefined
}

let service: TestService
const broken: Broken[] = []
/** A sign-in that is so denied begins again: `login.test.ts`. */
const ABOUT_CREDENTIALS: readonly string[] = ['wrong_credentials', 'subject_inactive']
/** Reasons for which a route was denied already. */
const tried = new Set<string>()
/** Of requests under way, by their id. */
const breaks = new Map<string, Break>()
/** Which decision each request was denied by first, by its id. */
const deniedBy = new Map<string, DecisionName>()

const breakable =
  (real: Decide): Decide =>
  async (name, input, context) => {
    const kind = breaks.get(context?.requestId ?? '')
    if (kind === undefined) return real(name, input, context)
    if (!kind.startsWith('deny')) throw new PolicyUnavailable(kind as UnavailableReason, name)
    const id = context?.requestId ?? ''
    if (!deniedBy.has(id)) deniedBy.set(id, name)
    const reason = deniedBy.get(id) === name ? kind.split(' ')[1] : undefined
    const denied: unknown = {
      allow: false,
      reasons: reason === undefined ? [] : [reason],
      decisionId: 'denied',
      revision: 'test',
    }
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
    const ask = async (kind: Break) => {
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
        decision: deniedBy.get(String(answer.headers['sallyport-request-id'])),
      })
    }
    for (const kind of UNAVAILABLE) await ask(kind)
    if (!spendsWhenDenied(url, body.toString())) {
      await ask('deny')
      const name = broken.at(-1)?.decision
      for (const reason of name === undefined ? [] : Object.keys(DECISIONS[name].reasons)) {
        if (name === 'login' && ABOUT_CREDENTIALS.includes(reason)) continue
        const key = `${method} ${request.routeOptions.url} ${name} ${reason}`
        if (!tried.has(key)) await ask(`deny ${reason}`)
        tried.add(key)
      }
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

/** Routes whose deny spends what was presented, and the test that denies. */
const ROUTES_DENIED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['GET /consent', 'src/auth/login/consent.test.ts'],
  ['POST /consent', 'src/auth/login/consent.test.ts'],
  ['GET /device/confirm', 'test/flows/device-denied.test.ts'],
  ['POST /device/confirm', 'test/flows/device-denied.test.ts'],
])

test('every route that asks was denied, here or in a test that is named', () => {
  const wasDenied = (route: Route) => of(route, ['deny']).some(({ decision }) => decision !== undefined)
  const others = asking().filter((route) => !wasDenied(route))
  expect(others.map(nameOf).toSorted()).toEqual([...ROUTES_DENIED_ELSEWHERE.keys()].toSorted())
  for (const file of ROUTES_DENIED_ELSEWHERE.values()) expect(existsSync(file), file).toBe(true)
})

/** Decisions whose deny spends something, needs more around it, or is nobody's answer, and the test that denies. */
const DENIED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['consent', 'src/auth/login/consent.test.ts'],
  ['threat', 'test/flows/threats.test.ts'],
  ['federation', 'test/flows/federation-policy.test.ts'],
])

/** Where policy names no reason. */
const UNREASONED: Partial<Record<DecisionName, string>> = {
  token: 'unauthorized_client',
  revoke: 'unauthorized_client',
  userinfo: 'insufficient_scope',
  signal: 'insufficient_scope',
  scim: 'forbidden',
  admin: 'forbidden',
}

/** By the contract, for the reason that this one was denied for. */
function codeOf({ kind, decision }: Broken & { readonly decision: DecisionName }): string {
  const reasons: Readonly<Record<string, string>> = DECISIONS[decision].reasons
  return (kind === 'deny' ? UNREASONED[decision] : reasons[kind.slice('deny '.length)]) ?? 'access_denied'
}

type Table = Readonly<Record<string, { readonly status: number; readonly description: string }>>
const CODES: Table = { ...OAUTH_ERRORS, ...PROBLEMS }
const SCIM: Table = SCIM_ERRORS

/** What there is to read: where it leads back, JSON, or the heading of a page; of a HEAD the status alone. */
function readsAs({ route, status, location, body }: Broken): unknown {
  if (status === 303) return { error: new URL(location, service.issuer).searchParams.get('error') }
  if (body.startsWith('{')) {
    const { error, code, detail } = JSON.parse(body)
    return route.includes('/scim/') ? { status, detail } : { status, error: error ?? code }
  }
  return { status, heading: /<h1[^>]*>([^<]*)</.exec(body)?.[1] }
}

function shouldRead({ route, status, body }: Broken, code: string): unknown {
  if (status === 303) return { error: code }
  const { status: usual = 0, description: detail } = (route.includes('/scim/') ? SCIM : CODES)[code] ?? {}
  // RFC 6749 5.2, RFC 8628 3.2: at these addresses every error is a 400.
  const wanted = /^POST \/oauth\/(token|device_authorization)$/.test(route) ? 400 : usual
  if (body === '') return { status: wanted, heading: undefined }
  if (route.includes('/scim/')) return { status: wanted, detail }
  if (body.startsWith('{')) return { status: wanted, error: code }
  const titles: Readonly<Record<number, string>> = ERRORS.en.titles
  return { status: wanted, heading: titles[wanted] ?? ERRORS.en.titles.other }
}

test('a deny reads as the code that the contract has for its reason, on each route (checklist 49)', () => {
  const denied = broken.flatMap((one) =>
    one.kind.startsWith('deny') && one.decision !== undefined ? [{ ...one, decision: one.decision }] : [],
  )
  for (const one of denied) {
    const at = `${one.route} ${one.decision} ${one.kind}`
    // RFC 7662 2.2, where it is about the token and not the request; a link that is not fit for its account, or for nobody's, is told like one that has ended.
    if (one.decision === 'introspect' && codeOf(one) !== 'slow_down')
      expect([one.status, one.body], at).toEqual([200, '{"active":false}'])
    else if (one.kind === 'deny account_not_fit')
      expect([one.route, one.status], at).toEqual([one.route, one.route === 'POST /password/forgot' ? 403 : 400])
    else expect(readsAs(one), at).toEqual(shouldRead(one, codeOf(one)))
  }
  const names = new Set<string>(denied.map(({ decision }) => decision))
  expect(Object.keys(DECISIONS).filter((name) => !names.has(name))).toEqual([...DENIED_ELSEWHERE.keys()])
  const reasons = denied.filter(({ kind }) => kind !== 'deny').map(({ kind, decision }) => `${decision} ${kind}`)
  expect(new Set(reasons).size).toBeGreaterThan(90)
})

test('nothing that was broken gave a secret away', () => {
  const SECRET = /"(access_token|refresh_token|id_token|client_secret|registration_access_token|request_uri)":"/
  const gave = asking().flatMap((route) => of(route, [...UNAVAILABLE, 'deny']).filter(({ body }) => SECRET.test(body)))
  expect(gave.map(({ route, kind }) => `${route} ${kind}`)).toEqual([])
})
