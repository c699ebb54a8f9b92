/** What the decision log holds of a call. */
import { describe, expect, it } from 'vitest'
import { readJson, writeJson } from '../../wasm/json-value.ts'
import type { Value } from '../../wasm/value.ts'
import { redactedCall } from './redact.ts'

const redacted = (name: string, arg: unknown, value: unknown) => {
  const call = redactedCall({ name, args: [readJson(JSON.stringify(arg))], value: readJson(JSON.stringify(value)) })
  return {
    args: JSON.parse(writeJson(call.args)) as unknown,
    value: JSON.parse(writeJson(call.value as Value)) as unknown,
  }
}

describe('a recorded http.send', () => {
  it('has its credentials struck out, and nothing else', () => {
    const request = {
      method: 'get',
      url: 'https://user:hunter2@a.example/x?y=1',
      headers: { Authorization: 'Bearer hunter2', 'X-API-Key': 'hunter2', cookie: 'hunter2', accept: 'text/plain' },
      tls_client_key: '-----BEGIN PRIVATE KEY-----',
      tls_client_cert: '-----BEGIN CERTIFICATE-----',
    }
    const response = { status_code: 200, headers: { 'set-cookie': ['hunter2', 'b'], date: ['d'] }, body: { ok: true } }
    const struck = redacted('http.send', request, response)
    expect(JSON.stringify(struck)).not.toMatch(/hunter2|PRIVATE/)
    expect(struck).toEqual({
      args: [
        {
          ...request,
          url: 'https://***@a.example/x?y=1',
          headers: { Authorization: '***', 'X-API-Key': '***', cookie: '***', accept: 'text/plain' },
          tls_client_key: '***',
        },
      ],
      value: { ...response, headers: { 'set-cookie': ['***'], date: ['d'] } },
    })
  })

  it.each([
    ['?api_key=hunter2&page=2', '?api_key=***&page=2'],
    ['?page=2&key=hunter2', '?page=2&key=***'],
    ['?token=hunter2#x', '?token=***#x'],
    ['?client%5Fsecret=hunter2', '?client%5Fsecret=***'],
    ['?X-Amz-Signature=hunter2&X-Amz-Date=1', '?X-Amz-Signature=***&X-Amz-Date=1'],
    ['?sig=hunter2&sv=1', '?sig=***&sv=1'],
    ['?password=hunter2=', '?password=***'],
    ['#access_token=hunter2&state=1', '#access_token=***&state=1'],
    ['?%zz=1&keyword=a&monkey=b&author=c', '?%zz=1&keyword=a&monkey=b&author=c'],
  ])('has values of its query struck out by their names: %s', (query, struck) => {
    const url = `https://a.example/token${query}`
    const answer = { headers: { location: [url] } }
    expect(redacted('http.send', { url }, answer)).toEqual({
      args: [{ url: `https://a.example/token${struck}` }],
      value: { headers: { location: [`https://a.example/token${struck}`] } },
    })
  })

  it('has members of its bodies struck out by their names, at any depth, parsed and as text', () => {
    const body = { grants: [{ client_secret: 'hunter2', scope: 'a' }], Password: 'hunter2', keys: [{ kid: '1' }] }
    const struckBody = { grants: [{ client_secret: '***', scope: 'a' }], Password: '***', keys: [{ kid: '1' }] }
    const answered = { access_token: 'hunter2', refreshToken: { of: 'hunter2' }, expires_in: 3 }
    const struckAnswer = { access_token: '***', refreshToken: '***', expires_in: 3 }
    const raw = JSON.stringify(answered)
    expect(redacted('http.send', { body }, { body: answered, raw_body: raw })).toEqual({
      args: [{ body: struckBody }],
      value: { body: struckAnswer, raw_body: writeJson(readJson(JSON.stringify(struckAnswer))) },
    })
  })

  it.each([
    ['grant_type=password&username=u&password=hunter2', 'grant_type=password&username=u&password=***'],
    ['client_secret=hunter2', 'client_secret=***'],
    ['{"tok\\u0065n":"hunter2"}', '{"token":"***"}'],
    ['{ "a" : 1.50 }', '{ "a" : 1.50 }'],
    ['no token here', 'no token here'],
    ['{"token": "hunter2', '***'],
  ])('has them struck out of the text that it sends: %s', (raw, struck) => {
    expect(redacted('http.send', { raw_body: raw }, { raw_body: raw })).toEqual({
      args: [{ raw_body: struck }],
      value: { raw_body: struck },
    })
  })

  it('has a text struck out whole where its members were and it cannot be read here', () => {
    const answer = { body: { client_secret: 'hunter2' }, raw_body: 'client_secret: hunter2\n' }
    expect(redacted('http.send', {}, answer).value).toEqual({ body: { client_secret: '***' }, raw_body: '***' })
  })

  it('without any is left as it is, like every other call', () => {
    const request = { method: 'get', url: 'https://a.example/@x' }
    expect(redacted('http.send', request, null)).toEqual({ args: [request], value: null })
    expect(redacted('uuid.rfc4122', 'token', 'id')).toEqual({ args: ['token'], value: 'id' })
  })
})
