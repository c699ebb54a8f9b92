import { expect, test } from 'vitest'
import type { HttpRequest } from '../../http/message.ts'
import { parseParams } from '../../http/params.ts'
import { FORM_TOKEN, formToken, isOwnForm } from './csrf.ts'

const ISSUER = 'https://id.example/tenant'

const post = (token: string, headers: HttpRequest['headers'] = {}): HttpRequest => ({
  id: 'r',
  method: 'POST',
  path: '/login',
  route: {},
  query: parseParams(''),
  form: parseParams(new URLSearchParams({ [FORM_TOKEN]: token }).toString()),
  json: undefined,
  headers,
  cookies: {},
  origin: { address: '127.0.0.1', time: { epoch_seconds: 0, minute_of_day: 0, weekday: 4 } },
  tenant: 'default',
})

const accepts = (request: HttpRequest): boolean => isOwnForm(request, ISSUER, 'browser secret', 'login', 'i1')
const good = formToken('browser secret', 'login', 'i1')

test.each([
  ['without headers', {}],
  ['from our page', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
  ['with our origin', { origin: 'https://id.example' }],
])('takes a form of ours %s (checklist 12)', (_, headers) => {
  expect(accepts(post(good, headers))).toBe(true)
})

test.each([
  ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://id.example' }],
  ['from a sibling host', { 'sec-fetch-site': 'same-site' }],
  ['typed into the address bar', { 'sec-fetch-site': 'none' }],
  ['with a foreign origin', { origin: 'https://evil.example' }],
  ['with our host under http', { origin: 'http://id.example' }],
])('refuses a right token %s (checklist 12)', (_, headers) => {
  expect(accepts(post(good, headers))).toBe(false)
})

test.each([
  ['none', ''],
  ['of another browser', formToken('other secret', 'login', 'i1')],
  ['of another form', formToken('browser secret', 'consent', 'i1')],
  ['of another interaction', formToken('browser secret', 'login', 'i2')],
  ['with its parts moved', formToken('browser secret', 'logini1')],
])('refuses a token %s (checklist 12)', (_, token) => {
  expect(accepts(post(token, { 'sec-fetch-site': 'same-origin' }))).toBe(false)
})
