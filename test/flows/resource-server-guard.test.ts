/** What `sallyport/resource-server` refuses to be made with, and what becomes of a handler behind it that fails. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  createResourceServer,
  type GuardedRequest,
  type Middleware,
  type ResourceServerOptions,
} from '../../src/resource-server/resource-server.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { answerOf, tokensFor } from './requests.ts'

const ISSUER = 'https://id.example'
const AUDIENCE = 'urn:sallyport:default'
const make = (options: unknown) => createResourceServer(options as ResourceServerOptions)
const made = (more: object) => make({ issuer: ISSUER, audience: AUDIENCE, ...more })
const introspection = { clientId: 'orders', clientSecret: () => 'secret' }
const dpop = { origins: ['https://api.example'] }

describe('made with', () => {
  test.each([undefined, null, {}, 'https://id.example', []])('%j it says what is missing', (options) => {
    expect(() => make(options)).toThrow(TypeError)
    expect(() => make(options)).toThrow(
      'createResourceServer: options lacks issuer and audience: issuer must be a string that is not empty; audience must be',
    )
  })

  test.each<[string, object, string | RegExp]>([
    // Without one, a token for any API would do.
    ['no audience', { audience: undefined }, 'options lacks audience'],
    ['an empty audience', { audience: '' }, 'options.audience must be a string'],
    ['a list of audiences', { audience: [AUDIENCE] }, 'options.audience must be a string'],
    ['no issuer', { issuer: undefined }, 'options lacks issuer'],
    ['an issuer that is no address', { issuer: 'id.example' }, 'options.issuer must be an address'],
    ['an issuer with a query', { issuer: `${ISSUER}?a=b` }, 'options.issuer must have neither'],
    ['an unknown option', { audiences: [AUDIENCE] }, 'options.audiences is not known; there are issuer, audience'],
    ['a name that every object has', { toString: 'a' }, 'options.toString is not known'],
    ['a word for introspection', { introspection: true }, 'options.introspection must be an object'],
    [
      'another time to ask',
      { introspection: { ...introspection, when: 'allways' } },
      'when must be one of opaque, always',
    ],
    ['no client', { introspection: { when: 'always' } }, 'options.introspection lacks clientId and clientSecret'],
    [
      'a secret as text',
      { introspection: { ...introspection, clientSecret: 'hush' } },
      'clientSecret must be a function',
    ],
    [
      'no number of seconds',
      { introspection: { ...introspection, cacheSeconds: Number.NaN } },
      'cacheSeconds must be 0',
    ],
    [
      'half an entry',
      { introspection: { ...introspection, cacheEntries: 0.5 } },
      'cacheEntries must be a whole number',
    ],
    ['an unknown option below', { introspection: { ...introspection, cache: 5 } }, 'introspection.cache is not known'],
    [
      'proofs of days',
      { dpop: { ...dpop, maxAgeSeconds: 999_999 } },
      'dpop.maxAgeSeconds must be a whole number, 1 to',
    ],
    ['proofs of no age', { dpop: { ...dpop, maxAgeSeconds: Number.NaN } }, 'dpop.maxAgeSeconds must be'],
    ['no origins', { dpop: {} }, 'options.dpop lacks origins'],
    ['no origin', { dpop: { origins: [] } }, 'dpop.origins must be a list of origins'],
    ['an origin with a path', { dpop: { origins: ['https://api.example/orders'] } }, 'dpop.origins must be'],
    ['an origin with a slash', { dpop: { origins: ['https://api.example/'] } }, 'dpop.origins must be'],
    ['a host for an origin', { dpop: { origins: ['api.example'] } }, 'dpop.origins must be'],
    ['an origin outside a list', { dpop: { origins: 'https://api.example' } }, 'dpop.origins must be'],
    ['a hole in a list', { dpop: { origins: new Array(1) } }, 'dpop.origins must be'],
    ['a firstUse that is none', { dpop: { ...dpop, firstUse: true } }, 'dpop.firstUse must be a function'],
    ['a certificate', { clientCertificate: Buffer.from('a') }, 'options.clientCertificate must be a function'],
    ['an address', { clientAddress: '127.0.0.1' }, 'options.clientAddress must be a function'],
    ['no function to tell', { onRefused: 'log' }, 'options.onRefused must be a function'],
  ])('%s it says so', (_what, more, message) => {
    expect(() => made(more)).toThrow(message)
    // What stands in the wrong place may be a secret.
    expect(() => made(more)).not.toThrow('hush')
  })

  test('options that are there without a value are not there', () => {
    made({ introspection: undefined, dpop: undefined, onRefused: undefined })
    made({
      introspection: { ...introspection, when: 'always', cacheSeconds: 0.5 },
      dpop: { ...dpop, maxAgeSeconds: 30 },
    })
    made({
      issuer: 'http://localhost:8080/tenant',
      dpop: { origins: ['http://[::1]:8090', 'HTTPS://API.example:443'] },
    })
  })
})

describe('a demand', () => {
  test.each<[string, unknown, string]>([
    ['of a scope in the singular', { scope: ['admin'] }, 'demand.scope is not known; there are scopes, permissions'],
    ['of scopes as text', { scopes: 'orders:read' }, 'demand.scopes must be a list of scopes'],
    ['of two scopes in one', { scopes: ['orders:read orders:write'] }, 'demand.scopes must be a list of scopes'],
    ['of scopes that were not found', { scopes: undefined }, 'demand.scopes must be a list of scopes'],
    ['of no permission', { permissions: [''] }, 'demand.permissions must be'],
    ['of one level out of none', { acrValues: [] }, 'demand.acrValues must be'],
    ['of a level with a quote', { acrValues: ['a"b'] }, 'demand.acrValues must be'],
    [
      'of an age that is no number',
      { maxAgeSeconds: Number.NaN },
      'demand.maxAgeSeconds must be a whole number, 0 or more',
    ],
    ['of an age below none', { maxAgeSeconds: -1 }, 'demand.maxAgeSeconds must be'],
    ['of an age as text', { maxAgeSeconds: '300' }, 'demand.maxAgeSeconds must be'],
    ['that is a list', ['orders:read'], 'demand must be an object'],
    ['that is null', null, 'demand must be an object'],
  ])('%s is refused when the guard is made, and when it is checked', async (_what, demand, message) => {
    const api = made({})
    expect(() => api.guard(demand as object)).toThrow(message)
    const request = { headers: {}, socket: {} } as GuardedRequest
    await expect(api.check(request, demand as object)).rejects.toThrow(message)
  })
})

let service: TestService
let authorization: string
beforeAll(async () => {
  service = await startAuthService()
  authorization = `Bearer ${(await tokensFor(service, service.population.web, 'openid orders:read')).access_token}`
})
afterAll(() => service.close())

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** Asks a server whose every request goes through `listener`. */
async function ask(listener: RequestListener, headers: Readonly<Record<string, string>> = { authorization }) {
  const listening = createServer(listener)
  servers.push(listening)
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return fetch(`http://127.0.0.1:${(listening.address() as AddressInfo).port}/orders`, { headers })
}

const guardOf = (more: Partial<ResourceServerOptions>, demand = {}): Middleware =>
  createResourceServer({ issuer: service.issuer, audience: AUDIENCE, ...more }).guard(demand)

describe('a handler of node:http that fails behind the guard', () => {
  const broken = new Error('the database is gone')

  test.each<[string, () => unknown]>([
    [
      'by throwing',
      () => {
        throw broken
      },
    ],
    ['later', () => Promise.reject(broken)],
  ])('%s is called once, and answers 500; its error is told', async (_how, fail) => {
    const told: unknown[] = []
    let calls = 0
    const guard = guardOf({ onError: (error) => void told.push(error) })
    const answer = await ask((request, response) =>
      guard(request, response, () => {
        calls += 1
        response.setHeader('content-length', '3')
        return fail()
      }),
    )
    const { status, body } = await answerOf(answer)
    expect([status, body.error, calls, told]).toEqual([500, 'server_error', 1, [broken]])
    expect(JSON.stringify(body)).not.toContain('database')
  })

  test('after it began its answer cuts that off; after its end it changes nothing', async () => {
    const guard = guardOf({ onError: () => {} })
    const cut = await ask((request, response) =>
      guard(request, response, () => {
        response.writeHead(200, { 'content-length': '10' })
        response.write('half')
        throw broken
      }),
    )
      .then((answer) => answer.text())
      .catch(() => 'cut off')
    expect(cut).toBe('cut off')
    const whole = await ask((request, response) =>
      guard(request, response, () => {
        response.end('whole')
        throw broken
      }),
    )
    expect([whole.status, await whole.text()]).toEqual([200, 'whole'])
  })

  test('an onRefused that throws lets nobody in', async () => {
    const told: unknown[] = []
    const guard = guardOf({
      onRefused: () => {
        throw broken
      },
      onError: (error) => void told.push(error),
    })
    let calls = 0
    const next = () => {
      calls += 1
    }
    const answer = await ask((request, response) => guard(request, response, next), {})
    expect([answer.status, calls, told]).toEqual([401, 0, [broken]])
  })

  test('an onError that throws ends nothing', async () => {
    const guard = guardOf({
      onError: (error) => {
        throw error
      },
    })
    const answer = await ask((request, response) =>
      guard(request, response, () => {
        throw broken
      }),
    )
    expect(answer.status).toBe(500)
  })
})

test('what a demand says when the guard is made counts, whatever becomes of the object', async () => {
  const demand = { scopes: ['orders:write'] }
  const guard = guardOf({}, demand)
  demand.scopes.length = 0
  const answer = await ask((request, response) => guard(request, response, () => void response.end()))
  expect(answer.status).toBe(403)
})
