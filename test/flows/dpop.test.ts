/**
 * Tokens bound to a key by DPoP, over HTTP, with a relying party library that nobody here wrote: issued, shown, refused
 * without the key, at every endpoint that takes one. RFC 9449; checklist 8, 23.
 */
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/kernel/errors.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { clientRecord, REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { makeProofKey, type ProofKey, type ProofParts } from '../servers/proofs.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, basic, codeFor, post } from './requests.ts'

let service: TestService
let nonceService: TestService
let key: ProofKey
let stranger: ProofKey
let replayFails = false

beforeAll(async () => {
  service = await startAuthService({
    store: async (path, clock) => {
      const store = await openSqliteStore({ path, clock })
      const firstUse = (...use: Parameters<typeof store.replay.firstUse>) =>
        replayFails ? Promise.reject(new StoreUnavailable('test')) : store.replay.firstUse(...use)
      return { ...store, replay: { firstUse } }
    },
  })
  nonceService = await startAuthService({ service: { dpop: { nonces: true, maxAgeSeconds: 60 } } })
  key = await makeProofKey()
  stranger = await makeProofKey('EdDSA')
})
afterAll(() => Promise.all([service.close(), nonceService.close()]))
afterEach(() => {
  replayFails = false
})

const urlOf = (path: string, at = service) => `${at.issuer}${path}`

/** A POST at the token endpoint with this proof. */
async function atToken(by: TestClient, form: Readonly<Record<string, string>>, dpop?: string, at = service) {
  const isPublic = by.secret === ''
  return answerOf(
    await fetch(urlOf('/oauth/token', at), {
      method: 'POST',
      headers: { ...(!isPublic && { authorization: basic(by) }), ...(dpop !== undefined && { dpop }) },
      body: new URLSearchParams(isPublic ? { client_id: by.id, ...form } : form),
    }),
  )
}
const tokenProof = (of = key, parts: Partial<ProofParts> = {}) => of.proof({ url: urlOf('/oauth/token'), ...parts })
const machine = { grant_type: 'client_credentials' }

interface Shown {
  readonly method?: string
  readonly scheme?: 'DPoP' | 'Bearer' | 'dpop'
  readonly by?: ProofKey | undefined
  readonly parts?: Partial<ProofParts>
  readonly dpop?: string | undefined
}

/** A request at a resource with this token, under this scheme, with a proof by this key. */
async function show(path: string, token: unknown, shown: Shown = {}): Promise<Answer> {
  const { method = 'GET', scheme = 'DPoP', by = key, parts } = shown
  const accessToken = String(token)
  const dpop = 'dpop' in shown ? shown.dpop : await by.proof({ method, url: urlOf(path), accessToken, ...parts })
  const headers = { authorization: `${scheme} ${accessToken}`, ...(dpop !== undefined && { dpop }) }
  return answerOf(await fetch(urlOf(path), { method, headers }))
}

async function boundTokens(by = service.population.web, scope = 'openid offline_access'): Promise<Answer['body']> {
  const { form } = await codeFor(service, by, scope)
  const { status, body } = await atToken(by, form, await tokenProof())
  expect(status).toBe(200)
  return body
}

test('openid-client with DPoP: code, userinfo, introspection, refresh; each bound to its key', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.spa)
  const DPoP = client.getDPoPHandle(rp, await client.randomDPoPKeyPair('ES256'))
  const begun = await begin(rp, 'openid profile offline_access')
  const answer = await new Browser(issuer).authorize(begun.url, population.user)
  const checks = { pkceCodeVerifier: begun.verifier, expectedState: begun.state, expectedNonce: begun.nonce }
  const tokens = await client.authorizationCodeGrant(rp, answer, checks, undefined, { DPoP })
  expect(tokens.token_type).toBe('dpop')
  const { cnf } = decodeJwt(tokens.access_token)
  expect(cnf).toEqual({ jkt: await DPoP.calculateThumbprint() })

  const person = await client.fetchUserInfo(rp, tokens.access_token, population.user.sub, { DPoP })
  expect(person.sub).toBe(population.user.sub)
  const rs = await discover(issuer, population.resourceServer)
  const shown = await client.tokenIntrospection(rs, tokens.access_token)
  expect(shown).toMatchObject({ active: true, token_type: 'DPoP', cnf })
  const refreshed = await client.refreshTokenGrant(rp, tokens.refresh_token ?? '', undefined, { DPoP })
  expect(decodeJwt(refreshed.access_token).cnf).toEqual(cnf)
})

test('openid-client follows the nonces that a server demands, at the token endpoint and at userinfo (RFC 9449 8, 9; checklist 23)', async () => {
  const { issuer, population } = nonceService
  const rp = await discover(issuer, population.web)
  const DPoP = client.getDPoPHandle(rp, await client.randomDPoPKeyPair('ES256'))
  const begun = await begin(rp, 'openid profile')
  const answer = await new Browser(issuer).authorize(begun.url, population.user)
  const checks = { pkceCodeVerifier: begun.verifier, expectedState: begun.state, expectedNonce: begun.nonce }
  // It sends the request once more by itself; the code was not spent by the first.
  const tokens = await client.authorizationCodeGrant(rp, answer, checks, undefined, { DPoP })
  expect(tokens.token_type).toBe('dpop')
  const person = await client.fetchUserInfo(rp, tokens.access_token, population.user.sub, { DPoP })
  expect(person.sub).toBe(population.user.sub)
})

test('without a nonce: 400 use_dpop_nonce at the token endpoint, 401 at a resource, each with the nonce to use', async () => {
  const { web } = nonceService.population
  const url = urlOf('/oauth/token', nonceService)
  const first = await atToken(web, machine, await key.proof({ url }), nonceService)
  expect(first).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
  const nonce = first.headers.get('dpop-nonce') ?? ''
  expect(nonce).not.toBe('')
  const { body, headers } = await atToken(web, machine, await key.proof({ url, nonce }), nonceService)
  expect(body.token_type).toBe('DPoP')
  expect(headers.get('dpop-nonce')).toBeNull()
  const accessToken = String(body.access_token)
  const userinfo = urlOf('/oauth/userinfo', nonceService)
  const ask = async (dpop: string) =>
    answerOf(await fetch(userinfo, { headers: { authorization: `DPoP ${accessToken}`, dpop } }))
  const asked = await ask(await key.proof({ method: 'GET', url: userinfo, accessToken }))
  expect([asked.status, asked.body.error]).toEqual([401, 'use_dpop_nonce'])
  expect(asked.headers.get('www-authenticate')).toMatch(/^DPoP .*error="use_dpop_nonce"/)
  expect(asked.headers.get('dpop-nonce')).toBe(nonce)
  const right = await ask(await key.proof({ method: 'GET', url: userinfo, accessToken, nonce }))
  // A machine has no person to tell of: the token was taken.
  expect(right.body.error).toBe('insufficient_scope')
  nonceService.advance(60)
  const old = await atToken(
    web,
    machine,
    await key.proof({ url, nonce, nowSeconds: Math.floor(Date.now() / 1000) + 60 }),
    nonceService,
  )
  expect(old.status).toBe(200)
  expect(old.headers.get('dpop-nonce')).not.toBe(nonce)
})

describe('the token endpoint', () => {
  test('a proof that is none gives invalid_dpop_proof, spends nothing, and the code is good afterwards (checklist 23)', async () => {
    const { web } = service.population
    const { form } = await codeFor(service, web, 'openid')
    const wrong = [
      await tokenProof(key, { claims: { htm: 'GET' } }),
      await tokenProof(key, { claims: { htu: urlOf('/oauth/userinfo') } }),
      await tokenProof(key, { nowSeconds: Math.floor(Date.now() / 1000) - 120 }),
      `${await tokenProof()}x`,
      'x',
    ]
    for (const dpop of wrong) {
      const { status, body } = await atToken(web, form, dpop)
      expect([status, body.error]).toEqual([400, 'invalid_dpop_proof'])
    }
    expect((await atToken(web, form, await tokenProof())).body.token_type).toBe('DPoP')
  })

  test('a proof is good for one request', async () => {
    const dpop = await tokenProof()
    expect((await atToken(service.population.web, machine, dpop)).status).toBe(200)
    const again = await atToken(service.population.web, machine, dpop)
    expect([again.status, again.body.error]).toEqual([400, 'invalid_dpop_proof'])
  })

  test('where the store cannot say whether a proof is new, nothing is issued, and it is no mistake of the client', async () => {
    const { web } = service.population
    const { form } = await codeFor(service, web, 'openid')
    replayFails = true
    const { status, body, headers } = await atToken(web, form, await tokenProof())
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    replayFails = false
    expect((await atToken(web, form, await tokenProof())).status).toBe(200)
  })

  test('a client that registered for bound tokens gets no others (RFC 9449 5.2)', async () => {
    const bound = { id: 'bound', secret: 'x'.repeat(43) }
    await service.store.clients.create(
      TENANT,
      clientRecord(bound.id, bound.secret, {
        grantTypes: ['client_credentials'],
        scopes: ['orders:read'],
        audience: ['urn:sallyport:default'],
        metadata: { dpop_bound_access_tokens: true },
      }),
    )
    const { status, body } = await atToken(bound, machine)
    expect([status, body.error]).toEqual([400, 'invalid_dpop_proof'])
    expect((await atToken(bound, machine, await tokenProof())).body.token_type).toBe('DPoP')
  })

  test('a public client’s refresh token is worth nothing without the key; a confidential one’s may move to another (RFC 9449 5)', async () => {
    const { spa, web } = service.population
    const refresh = (tokens: Answer['body']) => ({
      grant_type: 'refresh_token',
      refresh_token: String(tokens.refresh_token),
    })
    const inPublic = await boundTokens(spa)
    for (const dpop of [undefined, await tokenProof(stranger)]) {
      const { status, body } = await atToken(spa, refresh(inPublic), dpop)
      expect([status, body.error]).toEqual([400, 'invalid_grant'])
    }
    const next = await atToken(spa, refresh(inPublic), await tokenProof())
    expect(next.body.token_type).toBe('DPoP')
    expect((await atToken(spa, refresh(next.body))).body.error).toBe('invalid_grant')

    const confidential = await boundTokens(web)
    const moved = await atToken(web, refresh(confidential), await tokenProof(stranger))
    expect(decodeJwt(String(moved.body.access_token)).cnf).toEqual({ jkt: stranger.jkt })
  })
})

describe('a code (RFC 9449 10; checklist 8)', () => {
  /** The token request that redeems the code of this authorization. */
  async function codeOf(url: string, verifier: string): Promise<Readonly<Record<string, string>>> {
    const answer = await new Browser(service.issuer).authorize(url, service.population.user)
    const code = answer.searchParams.get('code') ?? ''
    return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier }
  }
  async function isBound(form: Readonly<Record<string, string>>): Promise<void> {
    const { web } = service.population
    for (const dpop of [undefined, await tokenProof(stranger)])
      expect((await atToken(web, form, dpop)).body.error).toBe('invalid_grant')
    expect((await atToken(web, form, await tokenProof())).body.token_type).toBe('DPoP')
  }

  test('of a request with dpop_jkt is worth nothing without that key', async () => {
    const rp = await discover(service.issuer, service.population.web)
    const begun = await begin(rp, 'openid', { dpop_jkt: key.jkt })
    await isBound(await codeOf(begun.url, begun.verifier))
  })

  test('of a request pushed with a proof is bound to its key; the proof is good once (RFC 9449 10.1)', async () => {
    const { web } = service.population
    const begun = await begin(await discover(service.issuer, web), 'openid')
    const dpop = await key.proof({ url: urlOf('/oauth/par') })
    const push = async () => {
      const body = new URL(begun.url).searchParams
      body.delete('client_id')
      const headers = { authorization: basic(web), dpop }
      return answerOf(await fetch(urlOf('/oauth/par'), { method: 'POST', headers, body }))
    }
    const { status, body } = await push()
    expect(status, JSON.stringify(body)).toBe(201)
    expect(await push()).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    const pushed = new URLSearchParams({ client_id: web.id, request_uri: String(body.request_uri) })
    await isBound(await codeOf(`${urlOf('/oauth/authorize')}?${pushed}`, begun.verifier))
  })
})

describe('resources (RFC 9449 7)', () => {
  const ADMIN = { grant_type: 'client_credentials', scope: 'scim admin' }
  const adminBound = async () =>
    String((await atToken(service.population.admin, ADMIN, await tokenProof())).body.access_token)

  test('userinfo, SCIM and the admin API take a bound token with its proof, and not without', async () => {
    const { access_token: person } = await boundTokens()
    const admin = await adminBound()
    for (const [path, token] of [
      ['/oauth/userinfo', person],
      ['/scim/v2/Users', admin],
      ['/admin/clients', admin],
    ] as const) {
      for (const scheme of ['DPoP', 'dpop'] as const) expect((await show(path, token, { scheme })).status).toBe(200)
      const refused: Readonly<Record<string, Answer>> = {
        'as a bearer token (7.2)': await show(path, token, { scheme: 'Bearer' }),
        'as a bearer token without a proof': await show(path, token, { scheme: 'Bearer', dpop: undefined }),
        'without a proof': await show(path, token, { dpop: undefined }),
        'with another key': await show(path, token, { by: stranger }),
        'with a proof for another token': await show(path, token, { parts: { accessToken: 'another' } }),
        'with a proof without ath': await show(path, token, { parts: { claims: { ath: undefined } } }),
        'with a proof for another method': await show(path, token, { parts: { method: 'POST' } }),
        'with a proof for another address': await show(path, token, { parts: { url: urlOf('/oauth/token') } }),
        'with an old proof': await show(path, token, { parts: { nowSeconds: Math.floor(Date.now() / 1000) - 120 } }),
        'with a text': await show(path, token, { dpop: 'x' }),
      }
      for (const [what, { status, headers }] of Object.entries(refused)) {
        expect(status, `${path} ${what}`).toBe(401)
        expect(headers.get('www-authenticate'), what).toMatch(/DPoP realm="sallyport", algs="ES256 /)
        expect(headers.get('www-authenticate'), what).toMatch(/error="(invalid_token|invalid_dpop_proof)"/)
      }
    }
  })

  test('a proof is good for one request, of 20 at once too (checklist 23)', async () => {
    const { access_token: token } = await boundTokens()
    const dpop = await key.proof({ method: 'GET', url: urlOf('/oauth/userinfo'), accessToken: String(token) })
    const answers = await Promise.all(Array.from({ length: 20 }, () => show('/oauth/userinfo', token, { dpop })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(401)])
  })

  test('an unbound token under the scheme DPoP is refused; so is a bound one in a form (RFC 9449 7.1)', async () => {
    const { web } = service.population
    const unbound = (await post(service, '/oauth/token', web, (await codeFor(service, web, 'openid')).form)).body
    expect((await show('/oauth/userinfo', unbound.access_token)).status).toBe(401)
    expect((await show('/oauth/userinfo', unbound.access_token, { scheme: 'Bearer', dpop: undefined })).status).toBe(
      200,
    )
    const { access_token: token } = await boundTokens()
    const dpop = await key.proof({ url: urlOf('/oauth/userinfo'), accessToken: String(token) })
    const body = new URLSearchParams({ access_token: String(token) })
    expect((await fetch(urlOf('/oauth/userinfo'), { method: 'POST', headers: { dpop }, body })).status).toBe(401)
  })

  test('audit says why, and holds neither token nor proof (checklist 34)', async () => {
    const { access_token: token } = await boundTokens()
    const before = service.audits.length
    await show('/oauth/userinfo', token, { by: stranger })
    await show('/oauth/userinfo', token, { parts: { method: 'POST' } })
    const events = service.audits.slice(before)
    expect(events.map(({ event, detail }) => [event, detail])).toEqual([
      ['bearer_rejected', 'not_its_key'],
      ['dpop_proof_rejected', 'method'],
    ])
    expect(JSON.stringify(events)).not.toContain('eyJ')
  })
})

test('introspection shows what a token is bound to, to whom may look (RFC 9449 6.2)', async () => {
  const { web, resourceServer } = service.population
  const tokens = await boundTokens(service.population.spa)
  const look = async (by: TestClient, token: unknown) =>
    (await post(service, '/oauth/introspect', by, { token: String(token) })).body
  const access = await look(resourceServer, tokens.access_token)
  expect(access).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
  const unbound = (await post(service, '/oauth/token', web, machine)).body
  const plain = await look(resourceServer, unbound.access_token)
  expect(plain).toMatchObject({ active: true, token_type: 'Bearer' })
  expect(plain).not.toHaveProperty('cnf')
})

test('metadata names the algorithms of proofs (RFC 9449 5.1)', async () => {
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    const { body } = await answerOf(await fetch(urlOf(`/.well-known/${name}`)))
    expect(body.dpop_signing_alg_values_supported).toEqual(['ES256', 'EdDSA', 'Ed25519', 'PS256'])
  }
})
