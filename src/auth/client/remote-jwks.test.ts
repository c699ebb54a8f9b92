/** Keys behind `jwks_uri`: fetched over real TLS on loopback, through the guard. */
import { generateKeyPairSync } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { certificatesOf, openTo, serve, serveTls } from '../../egress/egress-fixture.ts'
import { jsonReader } from '../../egress/json-document.ts'
import type { EgressOptions } from '../../egress/open.ts'
import { openRemoteJwks, REMOTE_JWKS_LIMITS } from './remote-jwks.ts'

const certificates = certificatesOf()
const { freshMs, keptMs, pauseMs, maxKeys } = REMOTE_JWKS_LIMITS

const jwk = (kid: string) => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  kid,
})

/** A key set server whose answer can be changed, and the keys as the service sees them. */
async function world(options: Partial<EgressOptions> = {}) {
  const pem = certificates()
  const state = {
    keys: [jwk('a')] as unknown[],
    fetched: 0,
    nowMs: 1_000_000,
    answer: undefined as RequestListener | undefined,
  }
  const port = await serveTls(pem, (request, response) => {
    state.fetched++
    if (state.answer) return state.answer(request, response)
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: state.keys }))
  })
  const uri = `https://localhost:${port}/keys`
  const readJson = jsonReader(openTo(options), { ca: pem.ca })
  const jwks = openRemoteJwks({ readJson, clock: { nowMs: () => state.nowMs } })
  const kids = async (kid?: string, at = uri) => (await jwks.keys(at, kid)).map((key) => key.kid)
  return { state, uri, jwks, kids, port }
}

describe('caching', () => {
  it('fetches once for many at once, and not again while the keys are fresh', async () => {
    const { state, kids } = await world()
    expect(await Promise.all(Array.from({ length: 20 }, () => kids('a')))).toEqual(Array(20).fill(['a']))
    state.nowMs += freshMs - 1
    expect(await kids()).toEqual(['a'])
    expect(state.fetched).toBe(1)
  })

  it('fetches again for a kid that it does not know, so that a new key works at once, and no sooner than after a pause', async () => {
    const { state, kids } = await world()
    await kids('a')
    state.keys = [jwk('b')]
    // Also right after the first load.
    expect(await kids('b')).toEqual(['b'])
    state.keys = [jwk('c')]
    for (let turn = 0; turn < 5; turn++) expect(await kids('c')).toEqual(['b'])
    expect(state.fetched).toBe(2)
    state.nowMs += pauseMs
    expect(await kids('c')).toEqual(['c'])
    // Made-up names make nobody fetch faster than that.
    for (let turn = 0; turn < 50; turn++) await kids(`made-up-${turn}`)
    expect(state.fetched).toBe(3)
  })

  it('fetches again where what is lacking has no name, as seldom, and tells by the array whether it did', async () => {
    const { state, jwks, uri } = await world()
    const first = await jwks.keys(uri, undefined)
    const second = await jwks.keys(uri, true)
    expect([state.fetched, second === first]).toEqual([2, false])
    for (let turn = 0; turn < 5; turn++) expect(await jwks.keys(uri, true)).toBe(second)
    expect(state.fetched).toBe(2)
    state.nowMs += pauseMs
    expect(await jwks.keys(uri, true)).not.toBe(second)
    expect(state.fetched).toBe(3)
  })

  it('fetches in the background when the keys grow old, and serves none that are too old', async () => {
    const { state, kids, jwks, uri } = await world()
    await kids('a')
    state.keys = [jwk('a'), jwk('b')]
    state.nowMs += freshMs
    expect(await kids('a')).toEqual(['a'])
    await expect.poll(async () => (await jwks.keys(uri, undefined)).length).toBe(2)
    state.answer = (_request, response) => void response.writeHead(500).end()
    state.nowMs += keptMs - 1
    expect(await kids('a')).toEqual(['a', 'b'])
    state.nowMs += 1
    expect(await kids('a')).toEqual([])
  })

  it('a fetch that failed is not tried again before the pause, and then is', async () => {
    const { state, kids } = await world()
    state.answer = (_request, response) => void response.writeHead(404).end()
    for (let turn = 0; turn < 5; turn++) expect(await kids('a')).toEqual([])
    expect(state.fetched).toBe(1)
    state.answer = undefined
    state.nowMs += pauseMs
    expect(await kids('a')).toEqual(['a'])
  })
})

describe('the way out (checklist 48)', () => {
  it('goes to no private address that is not listed', async () => {
    const { state, kids } = await world({ allow: [] })
    expect(await kids('a')).toEqual([])
    expect(state.fetched).toBe(0)
  })

  it('asks https only', async () => {
    let asked = 0
    const port = await serve((_request, response) => {
      asked++
      response.end(JSON.stringify({ keys: [jwk('a')] }))
    })
    const { kids } = await world()
    expect(await kids('a', `http://localhost:${port}/keys`)).toEqual([])
    expect(asked).toBe(0)
  })

  it('believes no certificate that it cannot check', async () => {
    const pem = certificates()
    const port = await serveTls(pem, (_request, response) => void response.end(JSON.stringify({ keys: [jwk('a')] })))
    const jwks = openRemoteJwks({ readJson: jsonReader(openTo()), clock: { nowMs: () => 0 } })
    expect(await jwks.keys(`https://localhost:${port}/`, 'a')).toEqual([])
  })

  it.each<[string, RequestListener]>([
    ['a redirect', (_request, response) => void response.writeHead(302, { location: '/other' }).end()],
    ['an answer that is too large', (_request, response) => void response.end('x'.repeat(70 * 1024))],
    ['no JSON', (_request, response) => void response.end('<html>')],
    ['JSON that is no key set', (_request, response) => void response.end('[1]')],
    ['a key set without keys', (_request, response) => void response.end('{"keys":{}}')],
    ['null', (_request, response) => void response.end('null')],
    [
      'an answer that breaks off',
      (_request, response) => void response.writeHead(200, { 'content-length': 99 }).end('{'),
    ],
  ])('takes no keys from %s', async (_what, answer) => {
    const { state, kids } = await world()
    state.answer = answer
    expect(await kids('a')).toEqual([])
    expect(state.fetched).toBe(1)
  })

  it('keeps so many keys of a set, and leaves out what is none', async () => {
    const { state, jwks, uri } = await world()
    state.keys = [7, null, 'x', ...Array.from({ length: 30 }, (_, index) => jwk(`k${index}`))]
    expect(await jwks.keys(uri, undefined)).toHaveLength(maxKeys)
  })
})
