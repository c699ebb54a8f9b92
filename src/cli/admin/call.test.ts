/** Against the auth service with its real parts. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../../../test/servers/auth-service.ts'
import { loadConfig } from '../../config/load.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { UsageError } from '../command.ts'
import { Refused } from '../refused.ts'
import { adminApi } from './call.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-admin-cli-'))
let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

const keep = (name: string, content: unknown) => {
  const file = join(folder, name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
const api = (values: Record<string, string>, settings: readonly string[] = []) =>
  adminApi({
    values,
    positionals: [],
    config: () => loadConfig({ env: {}, settings: [`issuer=${service.issuer}`, ...settings] }),
  })
const clients = { method: 'GET', path: '/admin/clients' } as const

test('acts as the client whose registration was kept, by flag or by configuration', async () => {
  const { id, secret } = service.population.admin
  const file = keep('admin.json', { client_id: id, client_secret: secret, name: 'Administration' })
  for (const asked of [api({ credentials: file }), api({}, [`admin.credentials_file=${file}`])]) {
    const { status, body } = await asked.call(clients)
    expect([status, Array.isArray(body.clients)]).toEqual([200, true])
  }
})

test('shows a token that it is given as it is', async () => {
  const file = keep('token', 'not.a.token\n')
  await expect(api({ 'token-file': file }).call(clients)).rejects.toThrow(/access token is not accepted/)
})

test('says how long to wait where there were too many requests (RFC 9110 10.2.3)', async () => {
  const busy = createServer((_request, answer) =>
    answer
      .writeHead(429, { 'retry-after': '37', 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ title: 'Too many requests.', error_description: 'Too many requests.' })),
  ).listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`
  try {
    const said = 'Too many requests. Try again in 37 s.'
    await expect(api({ url, 'token-file': keep('t', 'a.b.c') }).call(clients)).rejects.toThrow(said)
    const credentials = keep('c.json', { client_id: 'c', client_secret: 's' })
    await expect(api({ url, credentials }).call(clients)).rejects.toThrow(`no token for client c: ${said}`)
  } finally {
    busy.closeAllConnections()
    busy.close()
  }
})

test('says what is wrong and what to do: rights, secret, address, credentials', async () => {
  const { web } = service.population
  const notAdmin = keep('web.json', { client_id: web.id, client_secret: web.secret })
  await expect(api({ credentials: notAdmin }).call(clients)).rejects.toBeInstanceOf(Refused)
  const wrong = keep('wrong.json', { client_id: web.id, client_secret: 'x' })
  await expect(api({ credentials: wrong }).call(clients)).rejects.toThrow(
    /^no token for client .*authentication failed/,
  )
  const nowhere = api({ credentials: notAdmin, url: 'http://127.0.0.1:1/' })
  await expect(nowhere.call(clients)).rejects.toThrow(/does not answer at http:\/\/127.0.0.1:1: .*--url/)
  expect(() => api({})).toThrow(UsageError)
  expect(() => api({ credentials: join(folder, 'absent') })).toThrow(ConfigError)
  expect(() => api({ credentials: keep('half.json', { client_id: 'x' }) })).toThrow(/must hold client_id/)
})
