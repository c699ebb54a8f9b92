/** Several guards of `sallyport/resource-server` on one request, and an API that takes no DPoP. RFC 9449 7.1, 11.1; RFC 6750 3. */
import { createServer, IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  AccessRefused,
  createResourceServer,
  type Demand,
  type GuardedRequest,
  type Middleware,
  type ResourceServerOptions,
} from '../../src/resource-server/resource-server.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Issuer, startIssuer } from '../servers/issuer.ts'
import { makeProofKey, type ProofKey } from '../servers/proofs.ts'
import { answerOf, basic, tokensFor } from './requests.ts'

const AUDIENCE = 'urn:sallyport:default'

let service: TestService
let key: ProofKey
/** Bound to the key. */
let bound: string
let unbound: string

beforeAll(async () => {
  service = await startAuthService()
  key = await makeProofKey()
  const { web } = service.population
  const url = `${service.issuer}/oauth/token`
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: basic(web), dpop: await key.proof({ url }) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
  })
  bound = String((await answerOf(answer)).body.access_token)
  unbound = String((await tokensFor(service, web, 'openid orders:read')).access_token)
})
afterAll(() => service.close())

let api: Server
let origin: string
afterEach(async () => {
  vi.useRealTimers()
  api?.closeAllConnections()
  await new Promise((resolve) => (api?.listening ? api.close(resolve) : resolve(undefined)))
})

async function serve(listener: (origin: string) => RequestListener): Promise<void> {
  api = createServer()
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  api.on('request', listener(origin))
}
const make = (options: Partial<ResourceServerOptions>) =>
  createResourceServer({ issuer: service.issuer, audience: AUDIENCE, ...options })
/** As `app.use(first); app.use('/orders', second)`: what is mounted reads a shorter `url`. */
const chain =
  (...guards: readonly Middleware[]): RequestListener =>
  (request, response) => {
    const { url = '' } = request
    const step = (index: number): unknown => {
      const guard = guards[index]
      if (guard === undefined)
        return response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify((request as GuardedRequest).access ?? null))
      if (index > 0) Object.assign(request, { originalUrl: url, url: url.replace('/orders', '') || '/' })
      return guard(request, response, () => step(index + 1))
    }
    step(0)
  }
const withProof = async (proof?: string) => ({
  authorization: `DPoP ${bound}`,
  dpop: proof ?? (await key.proof({ method: 'GET', url: `${origin}/orders`, accessToken: bound })),
})
const call = async (headers: Readonly<Record<string, string>>) => answerOf(await fetch(`${origin}/orders`, { headers }))

describe('of two guards on one request', () => {
  test('the first judges for both, and the proof is good for this request alone', async () => {
    await serve((at) => {
      const one = make({ dpop: { origins: [at] } })
      return chain(one.guard(), one.guard({ scopes: ['orders:read'] }))
    })
    const headers = await withProof()
    const { status, body } = await call(headers)
    expect([status, body.scopes]).toEqual([200, ['orders:read']])
    const again = await call(headers)
    expect([again.status, again.body.error_description]).toEqual([401, 'The DPoP proof was used before.'])
  })

  test('each asks what it asks', async () => {
    await serve((at) => {
      const one = make({ dpop: { origins: [at] } })
      return chain(one.guard(), one.guard({ scopes: ['orders:write'] }))
    })
    const { status, headers } = await call(await withProof())
    expect([status, headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="orders:write"')])
  })

  test('a check behind a guard, and checks at once, take what it judged', async () => {
    await serve((at) => {
      const one = make({ dpop: { origins: [at] } })
      const again: Middleware = (request, response, next) => {
        Promise.all([one.check(request), one.check(request, { scopes: ['orders:read'] })]).then(
          () => next(),
          (error) => {
            response.writeHead(500).end(String(error))
          },
        )
      }
      return chain(one.guard(), again)
    })
    expect((await call(await withProof())).status).toBe(200)
  })

  test('one of another API judges for itself', async () => {
    const used: string[] = []
    await serve((at) => {
      const dpop = { origins: [at], firstUse: (proof: string) => used.push(proof) > 0 }
      const other = { dpop, audience: 'urn:example:other' }
      return chain(make({ dpop }).guard(), make({ dpop }).guard(), make(other).guard())
    })
    expect((await call(await withProof())).status).toBe(401)
    expect(used).toHaveLength(2)
  })
})

describe('a request that was judged', () => {
  let own: Issuer
  beforeAll(async () => {
    own = await startIssuer(AUDIENCE)
  })
  afterAll(() => own.close())
  const requestWith = (headers: Readonly<Record<string, string>>) =>
    Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/orders', headers })
  const check = (of: ReturnType<typeof make>, request: IncomingMessage, demand?: Demand) =>
    of.check(request, demand).then(
      () => 'passed',
      ({ code }: AccessRefused) => code,
    )

  test('and refused stays refused: no later check makes it good', async () => {
    let isFirst = false
    const one = make({ dpop: { origins: ['https://api.example'], firstUse: () => isFirst } })
    const proof = await key.proof({ method: 'GET', url: 'https://api.example/orders', accessToken: bound })
    const request = requestWith(await withProof(proof))
    expect(await check(one, request)).toBe('invalid_dpop_proof')
    isFirst = true
    expect(await check(one, request)).toBe('invalid_dpop_proof')
    expect(await check(one, requestWith(await withProof(proof)))).toBe('passed')
  })

  test('is judged anew where another token stands in it', async () => {
    const one = make({})
    const request = requestWith({ authorization: `Bearer ${unbound}` })
    expect(await check(one, request)).toBe('passed')
    request.headers.authorization = 'Bearer nonsense'
    expect(await check(one, request)).toBe('invalid_token')
    delete request.headers.authorization
    expect(await check(one, request)).toBe('missing_token')
  })

  test('is held to the clock by each check: the age of the sign-in, and the end of the token', async () => {
    const one = make({ issuer: own.issuer })
    const now = Math.floor(Date.now() / 1000)
    const token = await own.sign({ auth_time: now, exp: now + 300 })
    const request = requestWith({ authorization: `Bearer ${token}` })
    expect(await check(one, request, { maxAgeSeconds: 60 })).toBe('passed')
    vi.useFakeTimers({ toFake: ['Date'], now: (now + 61) * 1000 })
    expect(await check(one, request, { maxAgeSeconds: 60 })).toBe('insufficient_user_authentication')
    expect(await check(one, request)).toBe('passed')
    vi.setSystemTime((now + 306) * 1000)
    expect(await check(one, request)).toBe('invalid_token')
  })
})

describe('without the option dpop', () => {
  const challengeOf = async (headers: Readonly<Record<string, string>>) => {
    const { status, headers: answered } = await call(headers)
    return [status, answered.get('www-authenticate')]
  }

  test('no challenge leads to DPoP', async () => {
    await serve(() => chain(make({}).guard({ scopes: ['orders:write'] })))
    expect(await challengeOf({})).toEqual([401, 'Bearer'])
    const wrong = 'error="invalid_token", error_description="The access token is invalid or expired."'
    expect(await challengeOf({ authorization: 'Bearer x' })).toEqual([401, `Bearer ${wrong}`])
    const lacking = 'error="insufficient_scope", error_description="The access token does not grant this request."'
    expect(await challengeOf({ authorization: `Bearer ${unbound}` })).toEqual([
      403,
      `Bearer ${lacking}, scope="orders:write"`,
    ])
  })

  test('a token that is bound to a key is refused with the reason, however it is sent', async () => {
    await serve(() => chain(make({}).guard()))
    for (const headers of [await withProof(), { authorization: `Bearer ${bound}` }]) {
      const { status, body } = await call(headers)
      expect([status, body]).toEqual([
        401,
        { error: 'invalid_token', error_description: 'This API takes no DPoP-bound tokens.' },
      ])
    }
    expect((await call({ authorization: `Bearer ${unbound}` })).status).toBe(200)
  })

  test('so `check` says it', async () => {
    const error = await make({})
      .check(Object.assign(new IncomingMessage(new Socket()), { headers: {} }))
      .catch((refused: unknown) => refused)
    expect(error).toBeInstanceOf(AccessRefused)
    expect((error as AccessRefused).headers()['www-authenticate']).toBe('Bearer')
  })
})
