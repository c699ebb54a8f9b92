import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Credentials, makeCredentials, SECRET_CLIENTS } from './credentials.ts'
import { describeProvider } from './describe.ts'

const folder = mkdtempSync(join(tmpdir(), 'oidf-'))
let credentials: Credentials

beforeAll(async () => {
  credentials = await makeCredentials(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('every blank of the description is filled with what it stands for', () => {
  const described = JSON.parse(describeProvider(credentials, 'https://api.example'))
  const { person, another, secrets, keys, certificates } = credentials
  expect([described.login[0], described.login[2]]).toEqual([
    ['text', 'name', 'username', person.userName, 'optional'],
    ['text', 'name', 'password', person.password, 'optional'],
  ])
  expect(described.reject[0].commands[2]).toEqual(['text', 'name', 'password', another.password])
  expect(described.static_clients.client_secret_post).toEqual({
    client_id: 'oidf-post-1',
    client_secret: secrets['oidf-post-1'],
  })
  const [one] = described.fapi2.clients['sp/private_key_jwt/dpop']
  expect(one.jwks).toEqual(keys['oidf-fapi-1'].own)
  expect(described.fapi2.resource).toBe('https://api.example/accounts')
  expect(described.fapi2.mtls2).toEqual({ cert: certificates.mtls2.cert, key: certificates.mtls2.key })
})

test('what is published of a key has no private member (RFC 7517 9.2)', () => {
  const published = [...Object.values(credentials.keys), ...Object.values(credentials.certificates)].flatMap(
    (pair) => pair.published.keys,
  )
  expect(published).toHaveLength(6)
  for (const key of published)
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(member)
  expect(new Set(SECRET_CLIENTS.map((id) => credentials.secrets[id])).size).toBe(SECRET_CLIENTS.length)
})

test('a blank that nothing fits is refused', () => {
  const template = (value: unknown) => JSON.stringify(value)
  expect(() => describeProvider(credentials, '', template({ client_id: 'stranger', client_secret: 'filled' }))).toThrow(
    /nothing fits the client_secret of stranger/,
  )
  expect(() => describeProvider(credentials, '', template({ words: ['filled'] }))).toThrow(/a blank is left/)
})
