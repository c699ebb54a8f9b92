import { expect, test } from 'vitest'
import { parseParams } from '../../http/params.ts'
import { clientAddress } from './client-address.ts'

const REDIRECT_URI = 'https://app.example/cb'
const objectOf = (claims: unknown, header: object = { alg: 'none' }): string =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
const addressOf = (query: Readonly<Record<string, string>>) =>
  clientAddress(parseParams(new URLSearchParams(query).toString()), REDIRECT_URI)

const inside = { state: 'inside', response_mode: 'form_post' }

test('what a request object says of the answer is heard, since objects are refused (OIDC Core 6.1)', () => {
  expect(addressOf({ request: `${objectOf(inside)}.` })).toEqual({
    redirectUri: REDIRECT_URI,
    state: 'inside',
    responseMode: 'form_post',
  })
  expect(addressOf({ request: `${objectOf(inside, { alg: 'RS256' })}.c2ln` }).responseMode).toBe('form_post')
})

test('a parameter beside the object goes before it, and the address is never its own', () => {
  const request = `${objectOf({ ...inside, redirect_uri: 'https://evil.example/' })}.`
  expect(addressOf({ request, state: 'beside', response_mode: 'query' })).toEqual({
    redirectUri: REDIRECT_URI,
    state: 'beside',
    responseMode: 'query',
  })
})

test.each([
  ['no JWT', 'nonsense'],
  ['no JSON', '.bm9uZQ.'],
  ['no object', `${objectOf(null)}.`],
  ['values of another type', `${objectOf({ state: 7, response_mode: ['form_post'] })}.`],
  ['a state out of bounds', `${objectOf({ state: 's'.repeat(4097) })}.`],
  ['a mode that is none', `${objectOf({ response_mode: 'pigeon' })}.`],
])('of %s nothing is taken', (_what, request) => {
  expect(addressOf({ request })).toEqual({ redirectUri: REDIRECT_URI, state: undefined, responseMode: 'query' })
})
