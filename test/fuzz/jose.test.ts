/**
 * Fuzz of what others sign: DPoP proofs, client assertions, access tokens, over HTTP to a served instance. Nothing ends in a
 * 500 or a hang, and nothing is accepted that jose, by itself, does not find right (checklist 52). RFC 9449, RFC 7523, RFC 8725.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, EmbeddedJWK, importJWK } from 'jose'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { basic, codeFor, post } from '../flows/requests.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { clientRecord, TENANT } from '../servers/population.ts'
import { hashOf } from '../servers/proofs.ts'
import { fuzz } from './fuzz.ts'
import { mutateJson, mutateText } from './mutate.ts'

const ANSWER_WITHIN_MS = 20_000
const AT_ONCE = 16
const HOUR = 3600 * 1000

type Json = Readonly<Record<string, unknown>>

let service: TestService
let pool: Pool
const mine = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicJwk = { ...mine.publicKey.export({ format: 'jwk' }) }
let jkt = ''

/** Access tokens of a person. */
interface Tokens {
  /** To `mine`. */
  readonly bound: string
  readonly unbound: string
}

beforeAll(async () => {
  service = await startAuthService()
  pool = new Pool(service.issuer, { connections: AT_ONCE, headersTimeout: ANSWER_WITHIN_MS })
  jkt = await calculateJwkThumbprint(publicJwk)
  const metadata = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...publicJwk, kid: 'k' }] },
  } as const
  const parts = { grantTypes: ['client_credentials'], scopes: ['orders:read'], audience: ['urn:sallyport:default'] }
  await service.store.clients.create(TENANT, clientRecord('signer', 'x', { ...parts, metadata, secretDigests: [] }))
})
afterAll(async () => {
  await pool?.close()
  await service?.close()
})

async function mint(): Promise<Tokens> {
  const { web } = service.population
  const bearer = await post(service, '/oauth/token', web, (await codeFor(service, web, 'openid')).form)
  const { form } = await codeFor(service, web, 'openid')
  const dpop = signed(proofHeader, proofClaims('POST', '/oauth/token'))
  const { body } = await ask('POST', '/oauth/token', { dpop }, form)
  expect(body.token_type).toBe('DPoP')
  return { bound: String(body.access_token), unbound: String(bearer.body.access_token) }
}

/** They live for a minute once proofs have been replayed, and a full run for longer. */
const RENEWED_MS = 30_000
let minted: { readonly atMs: number; readonly tokens: Promise<Tokens> } | undefined
function liveTokens(): Promise<Tokens> {
  if (minted === undefined || performance.now() - minted.atMs > RENEWED_MS)
    minted = { atMs: performance.now(), tokens: mint() }
  return minted.tokens
}

interface Answer {
  readonly status: number
  readonly body: Json
}

/** Headers as they are: bytes that cannot stand in one are left out by the caller. */
async function ask(
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>>,
  form?: Json,
): Promise<Answer> {
  const body =
    form && new URLSearchParams(Object.entries(form).map(([name, value]) => [name, String(value)])).toString()
  const authorization = { authorization: basic(service.population.web) }
  const sent = {
    ...(form?.client_assertion === undefined && headers.authorization === undefined && authorization),
    ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...headers,
  }
  const answer = await pool.request({ method, path, headers: sent, body: body ?? null })
  const text = await answer.body.text()
  return { status: answer.statusCode, body: text === '' ? {} : (JSON.parse(text) as Json) }
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null')).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)

function signatureBy(alg: unknown, text: string, key: KeyObject): string {
  const bytes = Buffer.from(text)
  if (alg === 'HS256') return createHmac('sha256', JSON.stringify(publicJwk)).update(bytes).digest('base64url')
  return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}
function signed(header: unknown, claims: unknown, key = mine.privateKey): string {
  const text = `${encode(header)}.${encode(claims)}`
  const alg = typeof header === 'object' && header !== null && 'alg' in header ? header.alg : undefined
  return `${text}.${signatureBy(alg, text, key)}`
}

/** Members that mean something somewhere, with values that are wrong in their own ways. */
const HEADERS: readonly Json[] = [
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: 'ES384' },
  { alg: ['ES256'] },
  { typ: 'JWT' },
  { typ: 'at+jwt' },
  { crit: ['exp'] },
  { crit: [], b64: false },
  { kid: { toString: 1 } },
  { kid: '__proto__' },
  { jku: 'https://127.0.0.1:9/' },
  { x5c: ['AA=='] },
  { zip: 'DEF' },
  { enc: 'A256GCM' },
  { jwk: null },
  { jwk: { kty: 'oct', k: 'AAAA' } },
  { jwk: { kty: 'RSA', e: 'AQAB', n: 'AQAB' } },
  { jwk: { ...publicJwk, crv: 'P-521' } },
  { jwk: { ...publicJwk, y: publicJwk.x } },
  { jwk: { ...publicJwk, d: 'AAAA' } },
]
const DATES: readonly unknown[] = [0, -1, 1e308, '0', null, [], {}, 1.5, Number.MAX_SAFE_INTEGER, now() + HOUR]

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes to a decoder that skips white space, padding, or the bits that are over. */
function respelt(random: Random, jwt: string): string {
  const at = random.below(jwt.length)
  const last = ALPHABET.indexOf(jwt.at(-1) ?? '')
  return random.pick(
    `${jwt.slice(0, at)}${random.pick(' ', '\t', '\n', '=')}${jwt.slice(at)}`,
    `${jwt}=`,
    `${jwt.slice(0, -1)}${ALPHABET[last ^ 1]}`,
    jwt,
  )
}

/** A JWT that was right until something of it was changed; or bytes. */
function forge(random: Random, header: Json, claims: Json): string {
  switch (random.below(12)) {
    case 0:
      return mutateText(random, signed(header, claims)).toString('latin1')
    case 1:
      return respelt(random, signed(header, claims, random.chance(2) ? mine.privateKey : stranger.privateKey))
    case 2:
      return `${encode(header)}.${encode(claims)}.${random.pick('', 'AA', 'A'.repeat(86), '=')}`
    case 3:
      // Twice the same name: the last counts for some parsers, the first for others.
      return signed(header, JSON.stringify(claims).replace('{', '{"jti":"first","htm":"GET","sub":"other",'))
    case 4:
      return signed({ ...header, ...HEADERS[random.below(HEADERS.length)] }, claims)
    case 5:
      return signed(mutateJson(random, header), claims)
    case 6: {
      const date = random.pick('iat', 'exp', 'nbf')
      return signed(header, { ...claims, [date]: DATES[random.below(DATES.length)] })
    }
    case 7:
      return signed(header, claims)
    default:
      return signed(header, mutateJson(random, claims))
  }
}

/** Node refuses what can't stand in a header before it is sent; white space round a value is no part of it (RFC 9110 5.5). */
const asHeader = (text: string): string =>
  text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').replaceAll(/^[ \t]+|[ \t]+$/g, '')

const proofHeader: Json = { alg: 'ES256', typ: 'dpop+jwt', jwk: publicJwk }
const proofClaims = (method: string, path: string, accessToken?: string): Json => ({
  jti: randomId(),
  htm: method,
  htu: `${service.issuer}${path}`,
  iat: now(),
  ...(accessToken !== undefined && { ath: hashOf(accessToken) }),
})

/** What jose, by itself, finds signed; undefined where it finds nothing. */
async function verifiedBy(
  text: string,
  key?: Parameters<typeof importJWK>[0],
): Promise<{ header: Json; claims: Json } | undefined> {
  try {
    const { payload, protectedHeader } = key
      ? await compactVerify(text, await importJWK(key, 'ES256'), { algorithms: ['ES256'] })
      : await compactVerify(text, EmbeddedJWK, { algorithms: ['ES256', 'EdDSA', 'PS256'] })
    return { header: { ...protectedHeader }, claims: JSON.parse(Buffer.from(payload).toString()) as Json }
  } catch {
    return undefined
  }
}

const isNear = (date: unknown): boolean => typeof date === 'number' && Math.abs(date - now()) <= 70
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

async function proofIsRight(text: string, method: string, path: string, accessToken?: string): Promise<boolean> {
  const found = await verifiedBy(text)
  if (found === undefined) return false
  const { header, claims } = found
  const { htm, htu, jti, iat, ath } = claims
  const { origin, pathname } =
    typeof htu === 'string' && URL.canParse(htu) ? new URL(htu) : { origin: '', pathname: '' }
  const isHere = `${origin}${pathname}` === `${service.issuer}${path}`
  const isFor = accessToken === undefined || ath === hashOf(accessToken)
  return header.typ === 'dpop+jwt' && htm === method && isHere && isText(jti) && isNear(iat) && isFor
}

describe('what is accepted jose finds right too, and nothing fails (checklist 52):', () => {
  it('DPoP proofs at the token endpoint', { timeout: HOUR }, async () => {
    const { outcomes } = await fuzz(
      'proofs, token endpoint',
      async (random) => {
        const dpop = asHeader(forge(random, proofHeader, proofClaims('POST', '/oauth/token')))
        const { status, body } = await ask('POST', '/oauth/token', { dpop }, { grant_type: 'client_credentials' })
        const deep = (await verifiedBy(dpop)) !== undefined
        if (status === 200) {
          expect(await proofIsRight(dpop, 'POST', '/oauth/token'), dpop).toBe(true)
          const claims = Buffer.from(String(body.access_token).split('.')[1] ?? '', 'base64url').toString()
          expect(body.token_type).toBe('DPoP')
          expect(JSON.parse(claims).cnf).toEqual({ jkt })
          return { said: 'accepted', deep }
        }
        expect([status, body.error], dpop).toEqual([400, 'invalid_dpop_proof'])
        return { said: 'refused', deep }
      },
      { atOnce: AT_ONCE },
    )
    for (const said of ['accepted', 'refused']) expect(outcomes.get(said), said).toBeGreaterThan(0)
  })

  it('DPoP proofs at userinfo', { timeout: HOUR }, async () => {
    const { outcomes } = await fuzz(
      'proofs, userinfo',
      async (random) => {
        const { bound, unbound } = await liveTokens()
        const token = random.chance(8) ? unbound : bound
        const claims = proofClaims('GET', '/oauth/userinfo', random.chance(10) ? unbound : bound)
        const dpop = asHeader(forge(random, proofHeader, claims))
        const scheme = random.chance(10) ? 'Bearer' : 'DPoP'
        const { status } = await ask('GET', '/oauth/userinfo', { authorization: `${scheme} ${token}`, dpop })
        const deep = (await verifiedBy(dpop)) !== undefined
        if (status === 200) {
          const bearer = scheme === 'Bearer' && token === unbound
          const right =
            scheme === 'DPoP' && token === bound && (await proofIsRight(dpop, 'GET', '/oauth/userinfo', bound))
          expect(bearer || right, dpop).toBe(true)
          return { said: bearer ? 'bearer' : 'accepted', deep }
        }
        expect(status, dpop).toBe(401)
        return { said: 'refused', deep }
      },
      { atOnce: AT_ONCE },
    )
    for (const said of ['accepted', 'refused']) expect(outcomes.get(said), said).toBeGreaterThan(0)
  })

  it('client assertions', { timeout: HOUR }, async () => {
    const { outcomes } = await fuzz(
      'assertions',
      async (random) => {
        const claims = {
          iss: 'signer',
          sub: 'signer',
          aud: service.issuer,
          jti: randomId(),
          iat: now(),
          exp: now() + 60,
        }
        const client_assertion = forge(random, { alg: 'ES256', kid: 'k' }, claims)
        const form = {
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion,
        }
        const { status, body } = await ask('POST', '/oauth/token', {}, form)
        const found = await verifiedBy(client_assertion, publicJwk)
        if (status === 200) {
          const { iss, sub, aud, exp, jti } = found?.claims ?? {}
          expect([iss, sub, aud], client_assertion).toEqual(['signer', 'signer', service.issuer])
          expect(isText(jti) && typeof exp === 'number' && exp > now() - 5 && exp < now() + 3700).toBe(true)
          return { said: 'accepted', deep: true }
        }
        expect([status, body.error], client_assertion).toEqual([401, 'invalid_client'])
        return { said: 'refused', deep: found !== undefined }
      },
      { atOnce: AT_ONCE },
    )
    for (const said of ['accepted', 'refused']) expect(outcomes.get(said), said).toBeGreaterThan(0)
  })

  it('access tokens', { timeout: HOUR }, async () => {
    const [head = '', claims = ''] = (await liveTokens()).unbound
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString())
    const header = JSON.parse(head) as Json
    await fuzz(
      'access tokens',
      async (random) => {
        const { unbound } = await liveTokens()
        const text = forge(random, header, JSON.parse(claims) as Json)
        const ofOurs = random.chance(3) ? respelt(random, unbound) : mutateText(random, unbound).toString('latin1')
        const asked = asHeader(random.chance(3) ? ofOurs : text)
        const { status } = await ask('GET', '/oauth/userinfo', { authorization: `Bearer ${asked}` })
        const introspected = await ask('POST', '/oauth/introspect', {}, { token: asked })
        // Signatures of ours are not made here: nothing but the token itself may pass.
        const isItself = asked === unbound
        expect(status, asked).toBe(isItself ? 200 : 401)
        if (asked !== '') expect([introspected.status, introspected.body.active], asked).toEqual([200, isItself])
        return { said: isItself ? 'itself' : 'refused', deep: asked.split('.').length === 3 }
      },
      { atOnce: AT_ONCE },
    )
  })
})
