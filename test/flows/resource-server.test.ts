/** `sallyport/resource-server` in front of an API, against a real provider. RFC 6750, 7662, 8705, 9068, 9449, 9470. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf, randomId, randomSecret } from '../../src/kernel/ids.ts'
import { proofMemory } from '../../src/resource-server/holder.ts'
import {
  type AccessRefused,
  createResourceServer,
  type Demand,
  type GuardedRequest,
  type ResourceServerOptions,
} from '../../src/resource-server/resource-server.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { TENANT } from '../servers/population.ts'
import { makeProofKey, type ProofKey } from '../servers/proofs.ts'
import { answerOf, basic, codeFor, post, tokensFor } from './requests.ts'

const AUDIENCE = 'urn:sallyport:default'

let service: TestService
let key: ProofKey
/** A JWT of a person, for the audience. */
let token: string

beforeAll(async () => {
  service = await startAuthService()
  key = await makeProofKey()
  token = String((await tokensFor(service, service.population.web, 'openid orders:read')).access_token)
})
afterAll(() => service.close())

let api: Server
let origin: string
let refused: AccessRefused[]
/** What stands for the certificate of the connection. */
let certificate: Uint8Array | undefined

beforeEach(() => {
  refused = []
  certificate = undefined
})
afterEach(async () => {
  api?.closeAllConnections()
  await new Promise((resolve) => api?.close(resolve))
})

async function serve(options: Partial<ResourceServerOptions> = {}, demand: Demand = {}): Promise<void> {
  api = createServer()
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  const guard = createResourceServer({
    issuer: service.issuer,
    audience: AUDIENCE,
    dpop: { origins: [origin] },
    clientCertificate: () => certificate,
    onRefused: (one) => void refused.push(one),
    ...options,
  }).guard(demand)
  api.on('request', (request: IncomingMessage, response) => {
    const guarded: GuardedRequest = request
    guard(guarded, response, () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(guarded.access))
    })
  })
}

const call = async (headers: Readonly<Record<string, string>> = {}, path = '/orders') =>
  answerOf(await fetch(`${origin}${path}`, { headers }))
const bearer = (text: unknown) => ({ authorization: `Bearer ${text}` })
const challengeOf = async (headers: Readonly<Record<string, string>> = {}) => {
  const { status, headers: answered } = await call(headers)
  return [status, answered.get('www-authenticate') ?? '']
}

const introspection = () => {
  const { id, secret } = service.population.resourceServer
  return { clientId: id, clientSecret: () => secret }
}
const asked = () => service.decisions().filter((event) => event.path === 'authz/introspect/decision').length

describe('JWT (RFC 9068 4)', () => {
  test('one for this API passes, with all that it says', async () => {
    await serve()
    const { status, body } = await call(bearer(token))
    expect(status).toBe(200)
    expect(body).toMatchObject({
      sub: service.population.user.sub,
      clientId: 'web',
      scopes: ['openid', 'orders:read'],
      permissions: ['orders:read'],
      acr: 'urn:sallyport:acr:password',
    })
  })

  test('without a token the challenge names no error (RFC 6750 3)', async () => {
    await serve()
    const [status, challenge] = await challengeOf()
    expect(status).toBe(401)
    expect(challenge).toMatch(/^Bearer, DPoP algs="[^"]+"$/)
    expect(await challengeOf({ authorization: 'Basic YTpi' })).toEqual([401, challenge])
    expect(await challengeOf({ authorization: token })).toEqual([401, challenge])
    expect(await challengeOf({ authorization: 'Bearer a b' })).toEqual([
      400,
      expect.stringContaining('error="invalid_request"'),
    ])
  })

  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const changed = (header: object, claims: object) => {
    const [head = '', payload = '', signature = ''] = token.split('.')
    const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString())
    return `${part({ ...read(head), ...header })}.${part({ ...read(payload), ...claims })}.${signature}`
  }
  test.each<[string, () => unknown]>([
    ['that was changed', () => changed({}, { scope: 'admin' })],
    ['unsigned', () => `${changed({ alg: 'none' }, {}).split('.').slice(0, 2).join('.')}.`],
    ['with another algorithm than its key (RFC 8725 2.1)', () => changed({ alg: 'HS256' }, {})],
    ['of another kind (RFC 8725 3.11)', () => changed({ typ: 'JWT' }, {})],
    ['of an unknown key', () => changed({ kid: 'unknown' }, {})],
    ['that is an ID token', async () => (await tokensFor(service, service.population.web, 'openid')).id_token],
    ['that is no token', () => 'nonsense'],
  ])('one %s is invalid_token (checklist 26)', async (_what, make) => {
    await serve()
    const [status, challenge] = await challengeOf(bearer(await make()))
    expect([400, 401]).toContain(status)
    if (status === 401) expect(challenge).toContain('error="invalid_token"')
  })

  test('one for another API is invalid_token (RFC 8707; checklist 25)', async () => {
    await serve({ audience: 'urn:example:other' })
    expect(await challengeOf(bearer(token))).toMatchObject([401, expect.stringContaining('error="invalid_token"')])
  })

  test('a scope that it lacks is named, 403 (RFC 6750 3.1)', async () => {
    await serve({}, { scopes: ['orders:read', 'orders:write'] })
    const [status, challenge] = await challengeOf(bearer(token))
    expect(status).toBe(403)
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="orders:read orders:write"')
  })

  test('a permission that policy did not give is 403', async () => {
    await serve({}, { permissions: ['orders:write'] })
    expect((await call(bearer(token))).status).toBe(403)
  })

  test('a stronger or newer sign-in is asked for, with what it needs (RFC 9470 3)', async () => {
    await serve({}, { acrValues: ['urn:sallyport:acr:mfa'], maxAgeSeconds: 300 })
    const [status, challenge] = await challengeOf(bearer(token))
    expect(status).toBe(401)
    expect(challenge).toContain('error="insufficient_user_authentication"')
    expect(challenge).toContain('acr_values="urn:sallyport:acr:mfa", max_age="300"')
  })

  test('a provider that does not answer is 503, never a yes', async () => {
    await serve({ issuer: 'http://127.0.0.1:9' })
    const { status, headers } = await call(bearer(token))
    expect([status, headers.get('retry-after')]).toEqual([503, '2'])
    expect(refused[0]?.code).toBe('temporarily_unavailable')
  })

  test('metadata of another issuer is not believed (RFC 8414 3.3)', async () => {
    await serve({ issuer: service.issuer.replace('localhost', '127.0.0.1') })
    expect((await call(bearer(token))).status).toBe(503)
  })

  test('no refusal tells the token, nor its cause (checklist 34)', async () => {
    await serve({ audience: 'urn:example:other' })
    const { body } = await call(bearer(token))
    const told = `${JSON.stringify(body)} ${refused.map((one) => `${one.message} ${one.cause}`)}`
    expect(told).not.toContain(token.split('.')[2])
  })
})

test('plain http to a provider elsewhere is refused at once', () => {
  expect(() => createResourceServer({ issuer: 'http://id.example', audience: AUDIENCE })).toThrow(/https/)
})

describe('tokens bound to a key', () => {
  let bound: string
  beforeAll(async () => {
    const { form } = await codeFor(service, service.population.web, 'openid orders:read')
    const url = `${service.issuer}/oauth/token`
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: basic(service.population.web), dpop: await key.proof({ url }) },
      body: new URLSearchParams(form),
    })
    const { body } = await answerOf(answer)
    expect(body.token_type).toBe('DPoP')
    bound = String(body.access_token)
  })
  const proofFor = (path: string, by = key, of = bound) =>
    by.proof({ method: 'GET', url: `${origin}${path}`, accessToken: of })
  const withProof = (proof: string) => ({ authorization: `DPoP ${bound}`, dpop: proof })

  test('pass with a proof, once (RFC 9449 7.1, 11.1; checklist 23)', async () => {
    await serve()
    const proof = await proofFor('/orders')
    expect((await call(withProof(proof), '/orders?page=2')).status).toBe(200)
    // The error stands under the one scheme that it is about; its cause is for the log.
    expect(await challengeOf(withProof(proof))).toEqual([
      401,
      expect.stringMatching(/^DPoP error="invalid_dpop_proof", error_description="[^"]+", algs="[^"]+", Bearer$/),
    ])
    expect(String(refused[0]?.cause)).toContain('used before')
  })

  test('what is wrong with a proof is told to the log (RFC 9449 4.3)', async () => {
    await serve()
    await call(withProof(await proofFor('/other')))
    await call({ authorization: `DPoP ${bound}` })
    expect(refused.map(({ code }) => code)).toEqual(['invalid_dpop_proof', 'invalid_dpop_proof'])
    expect(String(refused[0]?.cause)).toContain('htu')
    expect(String(refused[1]?.cause)).toContain('no header DPoP')
  })

  test.each<[string, () => Promise<Record<string, string>>]>([
    ['as a bearer token (RFC 9449 7.2)', async () => bearer(bound)],
    ['without a proof', async () => ({ authorization: `DPoP ${bound}` })],
    ['with a proof for another path', async () => withProof(await proofFor('/other'))],
    ['with a proof by another key', async () => withProof(await proofFor('/orders', await makeProofKey()))],
    ['with a proof for another token', async () => withProof(await proofFor('/orders', key, token))],
    [
      'with a proof for another API',
      async () =>
        withProof(await key.proof({ method: 'GET', url: 'https://other.example/orders', accessToken: bound })),
    ],
  ])('are refused %s (checklist 23)', async (_what, headers) => {
    await serve()
    expect((await call(await headers())).status).toBe(401)
  })

  test('under a mount the proof is for the address that the client wrote', async () => {
    const guard = createResourceServer({
      issuer: service.issuer,
      audience: AUDIENCE,
      dpop: { origins: ['https://api.example'] },
    })
    const at = async (htu: string) => {
      const dpop = await key.proof({ method: 'GET', url: `https://api.example${htu}`, accessToken: bound })
      const headers = { authorization: `DPoP ${bound}`, dpop }
      // As express and connect hand it on to what is mounted at /payments.
      const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/list', headers })
      return guard.check(Object.assign(request, { originalUrl: '/payments/list?page=1' })).then(
        () => 'passed',
        ({ code }: AccessRefused) => code,
      )
    }
    expect([await at('/payments/list'), await at('/list')]).toEqual(['passed', 'invalid_dpop_proof'])
  })

  test('one key cannot fill the memory of proofs; full, it says so and calls nobody a replay', () => {
    const firstUse = proofMemory()
    const end = Date.now() / 1000 + 60
    for (let used = 0; used < 10_000; used++) expect(firstUse(`one.${used}`, end)).toBe(true)
    expect(() => firstUse('one.more', end)).toThrow(expect.objectContaining({ code: 'temporarily_unavailable' }))
    expect(firstUse('one.1', end)).toBe(false)
    expect(firstUse('other.1', end)).toBe(true)
    // What has ended makes room.
    const short = proofMemory()
    for (let used = 0; used < 10_000; used++) short(`one.${used}`, Date.now() / 1000 - 1)
    expect(short('one.more', end)).toBe(true)
  })

  test('a token that is not bound is none under DPoP', async () => {
    await serve()
    const proof = await proofFor('/orders', key, token)
    const { status, body } = await call({ authorization: `DPoP ${token}`, dpop: proof })
    expect([status, body.error_description]).toEqual([401, expect.stringContaining('is not bound to a key')])
    const { body: downgraded } = await call(bearer(bound))
    expect(downgraded.error_description).toContain('send it under the scheme DPoP')
  })

  test('a token bound to a certificate passes with that one only (RFC 8705 3; checklist 24)', async () => {
    const der = Buffer.from('any bytes have a thumbprint')
    const x5t = createHash('sha256').update(der).digest('base64url')
    const text = await bindToCertificate(x5t)
    await serve({ introspection: { ...introspection(), when: 'always', cacheSeconds: 0 } })
    expect((await call(bearer(text))).status).toBe(401)
    certificate = Buffer.from('another certificate')
    expect((await call(bearer(text))).status).toBe(401)
    certificate = der
    expect((await call(bearer(text))).status).toBe(200)
  })
})

/** An opaque token, as the provider stores one, bound to a certificate; its issue is tested with the provider. */
async function bindToCertificate(x5t: string): Promise<string> {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const [grantId = ''] = String(claims.jti).split('.')
  const { accessTokens } = service.store
  const { token: record } = await accessTokens.state(TENANT, { jti: claims.jti, grantId })
  if (record === undefined) throw new Error('no such token')
  const [jti, secret] = [`${grantId}.${randomId()}`, randomSecret()]
  const bound = { ...record, jti, secretDigest: digestOf(secret), confirmation: { 'x5t#S256': x5t } }
  await accessTokens.put(TENANT, bound)
  return `at_${jti}~${secret}`
}

describe('introspection (RFC 7662)', () => {
  test('one question for many requests, in its time and in parallel', async () => {
    await serve({ introspection: { ...introspection(), when: 'always', cacheSeconds: 60 } })
    const before = asked()
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(bearer(token))))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect((await call(bearer(token))).body).toMatchObject({ permissions: ['orders:read'], clientId: 'web' })
    expect(asked() - before).toBe(1)
  })

  test('memory is bounded: what was forgotten is asked about again', async () => {
    await serve({ introspection: { ...introspection(), when: 'always', cacheSeconds: 60, cacheEntries: 1 } })
    const other = String((await tokensFor(service, service.population.web, 'openid')).access_token)
    const before = asked()
    for (const one of [token, other, token]) expect((await call(bearer(one))).status).toBe(200)
    expect(asked() - before).toBe(3)
  })

  test('without memory a revocation counts at once; with JWT alone, at exp (RFC 7009 3)', async () => {
    await serve({ introspection: { ...introspection(), when: 'always', cacheSeconds: 0 } })
    const { web } = service.population
    const { access_token: ends } = await tokensFor(service, web, 'openid')
    expect((await call(bearer(ends))).status).toBe(200)
    await post(service, '/oauth/revoke', web, { token: String(ends) })
    expect(await challengeOf(bearer(ends))).toMatchObject([401, expect.stringContaining('invalid_token')])
  })

  test('wrong credentials of the API are unavailable, not the token’s fault', async () => {
    await serve({ introspection: { clientId: 'rs', clientSecret: () => 'wrong', when: 'always' } })
    expect((await call(bearer(token))).status).toBe(503)
  })

  test('a failure is not remembered', async () => {
    let secret = 'wrong'
    const { clientId } = introspection()
    await serve({ introspection: { clientId, clientSecret: () => secret, when: 'always', cacheSeconds: 60 } })
    expect((await call(bearer(token))).status).toBe(503)
    secret = service.population.resourceServer.secret
    expect((await call(bearer(token))).status).toBe(200)
  })

  test('a refresh token is no access token, also for the client that holds it and introspects', async () => {
    const { web } = service.population
    const tokens = await tokensFor(service, web, 'openid offline_access orders:read')
    const own = { clientId: web.id, clientSecret: () => web.secret }
    for (const when of ['opaque', 'always'] as const) {
      await serve({ introspection: { ...own, when, cacheSeconds: 0 } })
      expect((await call(bearer(tokens.refresh_token))).status).toBe(401)
      expect((await call(bearer(tokens.access_token))).status).toBe(200)
      api.close()
    }
  })

  test('what anybody can make up costs the provider no question, and what looks like a token few', async () => {
    await serve({ introspection: { ...introspection(), when: 'always', cacheSeconds: 60 } })
    expect((await call(bearer(token))).status).toBe(200)
    const unknown = () => service.audits.filter(({ event }) => event === 'introspect_unknown_token').length
    const before = unknown()
    const [head = '', payload = ''] = token.split('.')
    for (const text of [
      'x',
      `${head}.${payload}.AAAA`,
      'a.b.c',
      `${'0'.repeat(11)}${'g'.repeat(22)}.${'s'.repeat(43)}`,
    ])
      expect((await call(bearer(text))).status).toBe(401)
    expect(unknown()).toBe(before)
    const statuses = new Set<number>()
    for (let round = 0; round < 130; round++)
      statuses.add((await call(bearer(`at_${'0'.repeat(11)}${'g'.repeat(22)}~${randomSecret()}`))).status)
    expect(statuses).toEqual(new Set([401, 429]))
    expect(unknown() - before).toBe(120)
    // Whoever brings a token that is known is served.
    expect((await call(bearer(token))).status).toBe(200)
  })

  test('an opaque token needs it, and is refused without', async () => {
    await serve()
    const opaque = `at_${'0'.repeat(11)}${'g'.repeat(22)}~${'s'.repeat(43)}`
    expect((await call(bearer(opaque))).status).toBe(401)
  })

  test.each([{ cacheSeconds: 61 }, { cacheSeconds: -1 }, { cacheEntries: 0 }])('refuses %o', (wrong) => {
    const options = { issuer: service.issuer, audience: AUDIENCE, introspection: { ...introspection(), ...wrong } }
    expect(() => createResourceServer(options)).toThrow(RangeError)
  })
})

test('the example says the name that the package exports', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(Object.keys(exports)).toContain('./resource-server')
  expect(readFileSync('examples/resource-server/server.js', 'utf8')).toContain("'sallyport/resource-server'")
})
