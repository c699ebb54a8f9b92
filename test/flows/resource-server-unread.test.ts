/** Signed tokens that `sallyport/resource-server` cannot read as they are meant, and signed ones of an address that guesses. RFC 7800 3.1, 8725. */
import { createHash } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { randomSecret } from '../../src/kernel/ids.ts'
import { type AccessRefused, createResourceServer } from '../../src/resource-server/resource-server.ts'
import { startAuthService } from '../servers/auth-service.ts'
import { type Issuer, startIssuer } from '../servers/issuer.ts'
import { post, tokensFor } from './requests.ts'

const AUDIENCE = 'urn:sallyport:default'
const CERTIFICATE = Buffer.from('any bytes have a thumbprint')
const x5t = createHash('sha256').update(CERTIFICATE).digest('base64url')

const checkBy = (api: ReturnType<typeof createResourceServer>) => (token: unknown) =>
  api
    .check(
      Object.assign(new IncomingMessage(new Socket()), { url: '/', headers: { authorization: `Bearer ${token}` } }),
    )
    .then(
      () => 'passed',
      ({ code, message }: AccessRefused) => `${code}: ${message}`,
    )

describe('a signed token', () => {
  let own: Issuer
  let check: (token: unknown) => Promise<string>
  beforeAll(async () => {
    own = await startIssuer(AUDIENCE)
    check = checkBy(
      createResourceServer({
        issuer: own.issuer,
        audience: AUDIENCE,
        dpop: { origins: ['https://api.example'] },
        clientCertificate: () => CERTIFICATE,
      }),
    )
  })
  afterAll(() => own.close())

  test.each<[string, unknown]>([
    ['a word', 'bound'],
    ['null', null],
    ['a list', [{ jkt: 'a' }]],
    ['a number', 7],
    ['nothing', {}],
    ['a key in full', { jwk: {} }],
    ['a thumbprint that is no text', { jkt: 7 }],
    ['a certificate, and a thumbprint that is no text', { 'x5t#S256': x5t, jkt: null }],
  ])('bound by %s is refused: nobody can tell to whom it is bound', async (_what, cnf) => {
    expect(await check(await own.sign({ cnf }))).toMatch(/^invalid_token: .* bound in a way that is not known here/)
  })

  test('without `cnf` is a bearer token, and one bound to the certificate at hand passes', async () => {
    expect(await check(await own.sign())).toBe('passed')
    expect(await check(await own.sign({ cnf: { 'x5t#S256': x5t } }))).toBe('passed')
  })

  test.each([undefined, 7, 'two'])('of the kid %j is refused (checklist 26)', async (kid) => {
    expect(await check(await own.sign({}, { kid }))).toMatch(/^invalid_token/)
  })
})

test('what the provider signed is asked about, however many made-up tokens its address has sent', async () => {
  const service = await startAuthService()
  try {
    const { web, resourceServer } = service.population
    const check = checkBy(
      createResourceServer({
        issuer: service.issuer,
        audience: AUDIENCE,
        introspection: {
          clientId: resourceServer.id,
          clientSecret: () => resourceServer.secret,
          when: 'always',
          cacheSeconds: 0,
        },
      }),
    )
    const [good, revoked] = [await tokensFor(service, web, 'openid'), await tokensFor(service, web, 'openid')]
    await post(service, '/oauth/revoke', web, { token: String(revoked.access_token) })
    const madeUp = () => check(`at_${'0'.repeat(11)}${'g'.repeat(22)}~${randomSecret()}`)
    // Counts are of a minute: none ends in the middle.
    vi.useFakeTimers({ toFake: ['Date'] })
    // One that is revoked counts for nothing: who holds it has not guessed.
    for (let round = 0; round < 130; round++) expect(await check(revoked.access_token)).toMatch(/^invalid_token/)
    for (let round = 0; round < 120; round++) expect(await madeUp()).toMatch(/^invalid_token/)
    expect(await madeUp()).toMatch(/^too_many_requests/)
    expect(await check(good.access_token)).toBe('passed')
    expect(await check(revoked.access_token)).toMatch(/^invalid_token/)
  } finally {
    vi.useRealTimers()
    await service.close()
  }
})
