/** When policy or store gives no answer: nothing is issued, nothing is spent, and it is never told as a deny (docs/request-flow.md). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PolicyUnavailable, StoreUnavailable, type UnavailableReason } from '../../src/kernel/errors.ts'
import type { Decide } from '../../src/policy-engine/decide.ts'
import type { Store } from '../../src/storage/port.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, type CodeInHand, codeFor, post, tokensFor } from './requests.ts'

let service: TestService
let down: UnavailableReason | 'store' | undefined

/** Passes on what `down` lets through. */
const guarded =
  (real: Decide): Decide =>
  (name, input, context) => {
    if (down !== undefined && down !== 'store') return Promise.reject(new PolicyUnavailable(down, name))
    return real(name, input, context)
  }

/** Every method of every part rejects while the store is down. */
function breakable(store: Store): Store {
  const guard = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value === 'object' && value !== null) return guard(value)
        if (typeof value !== 'function' || name === 'close') return value
        return (...args: unknown[]) =>
          down === 'store' ? Promise.reject(new StoreUnavailable('down')) : Reflect.apply(value, target, args)
      },
    })
  return guard(store)
}

beforeAll(async () => {
  service = await startAuthService({
    decide: guarded,
    store: async (path, clock) => breakable(await openSqliteStore({ path, clock })),
  })
})
afterAll(() => service.close())
beforeEach(() => {
  down = undefined
})

const SCOPE = 'openid offline_access orders:read'
const get = async (path: string, token: unknown): Promise<Answer> =>
  answerOf(
    await fetch(`${service.issuer}${path}`, { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' }),
  )

function isUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(JSON.stringify(answer.body)).not.toMatch(/access_token|denied|"active"/)
}

const REASONS = ['no_bundle', 'undefined', 'trap', 'timeout', 'wrong_result', 'unreachable', 'audit', 'store'] as const

describe.each(REASONS)('%s', (reason) => {
  let code: CodeInHand
  let tokens: Answer['body']
  let admin: Answer['body']

  beforeAll(async () => {
    const { web } = service.population
    code = await codeFor(service, web, SCOPE)
    tokens = await tokensFor(service, web, SCOPE)
    admin = (await post(service, '/oauth/token', service.population.admin, { grant_type: 'client_credentials' })).body
  })

  test('token, introspect, revoke, userinfo, SCIM and admin answer 503, and nothing is spent (checklist 51)', async () => {
    const { web, resourceServer } = service.population
    const refreshForm = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    down = reason
    isUnavailable(await post(service, '/oauth/token', web, { grant_type: 'client_credentials' }))
    isUnavailable(await post(service, '/oauth/token', web, code.form))
    isUnavailable(await post(service, '/oauth/token', web, refreshForm))
    isUnavailable(await post(service, '/oauth/introspect', resourceServer, { token: String(tokens.access_token) }))
    isUnavailable(await post(service, '/oauth/revoke', web, { token: String(tokens.access_token) }))
    isUnavailable(await get('/oauth/userinfo', tokens.access_token))
    isUnavailable(await get('/scim/v2/Users', admin.access_token))
    isUnavailable(await get('/admin/clients', admin.access_token))
    isUnavailable(await get('/admin/keys', admin.access_token))

    down = undefined
    expect((await post(service, '/oauth/token', web, code.form)).status).toBe(200)
    expect((await post(service, '/oauth/token', web, refreshForm)).status).toBe(200)
    const event = reason === 'store' ? 'store_unavailable' : 'decision_unavailable'
    expect(service.audits.some((audit) => audit.event === event)).toBe(true)
  })
})

test('authorize tells the client temporarily_unavailable once its redirect_uri is verified (RFC 6749 4.1.2.1)', async () => {
  const { url } = await begin(await discover(service.issuer, service.population.web), 'openid')
  down = 'unreachable'
  const { left } = await new Browser(service.issuer).visit(url)
  expect(left?.searchParams.get('error')).toBe('temporarily_unavailable')
  expect(left?.searchParams.get('iss')).toBe(service.issuer)
})

test('authorize is a 503 page while the client cannot be read', async () => {
  const { url } = await begin(await discover(service.issuer, service.population.web), 'openid')
  down = 'store'
  const page = await new Browser(service.issuer).visit(url)
  expect(page.status).toBe(503)
  expect(page.left).toBeUndefined()
})

test('health tells what is missing; the process stays alive', async () => {
  down = 'store'
  const health = await fetch(`${service.issuer}/health`)
  expect([health.status, await health.json()]).toEqual([503, { status: 'unavailable', store: false, policy: true }])
  expect((await fetch(`${service.issuer}/health/live`)).status).toBe(200)
})

test('a deny burns the code and leaves the refresh token usable (docs/request-flow.md)', async () => {
  let deny = false
  const own = await startAuthService({
    decide: (real) => async (name, input, context) => {
      if (!deny || name !== 'token') return real(name, input, context)
      // The real policy denies: the client is told to it as inactive.
      return real(
        name,
        { ...input, client: { ...('client' in input ? input.client : {}), active: false } } as typeof input,
        context,
      )
    },
  })
  try {
    const { web } = own.population
    const code = await codeFor(own, web, SCOPE)
    const tokens = await tokensFor(own, web, SCOPE)
    const refreshForm = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    deny = true
    expect((await post(own, '/oauth/token', web, code.form)).body.error).toBe('unauthorized_client')
    expect((await post(own, '/oauth/token', web, refreshForm)).body.error).toBe('unauthorized_client')
    deny = false
    expect((await post(own, '/oauth/token', web, code.form)).body.error).toBe('invalid_grant')
    expect((await post(own, '/oauth/token', web, refreshForm)).status).toBe(200)
  } finally {
    await own.close()
  }
})
