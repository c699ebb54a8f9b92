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

  it('without any is left as it is, like every other call', () => {
    const request = { method: 'get', url: 'https://a.example/@x' }
    expect(redacted('http.send', request, null)).toEqual({ args: [request], value: null })
    expect(redacted('uuid.rfc4122', 'token', 'id')).toEqual({ args: ['token'], value: 'id' })
  })
})
