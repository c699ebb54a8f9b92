import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { UsageError } from './command.ts'
import { runCommandLine } from './command-line.ts'
import { instanceAddress } from './instance-address.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-instance-address-'))
const credentials = join(folder, 'client.json')
const token = join(folder, 'token')
let requests = 0
let server: Server
beforeAll(async () => {
  writeFileSync(credentials, JSON.stringify({ client_id: 'c', client_secret: 's' }))
  writeFileSync(token, 'a.b.c')
  server = createServer((_request, answer) => {
    requests += 1
    answer.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  rmSync(folder, { recursive: true })
})

async function run(...words: readonly string[]): Promise<readonly [number, string]> {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const code = await runCommandLine(words)
  return [code, told.mock.calls.join('\n')]
}

test('https anywhere, http on loopback, or where a mesh ends TLS', () => {
  const none = { tls: 'none' } as const
  for (const address of ['https://id.example', 'http://localhost:8080', 'http://127.0.0.1:1', 'http://[::1]:1'])
    expect(instanceAddress(`${address}/`, none)).toBe(address)
  for (const address of ['http://id.example', 'http://10.0.0.1:8080', 'http://localhost.example', 'http://127.example'])
    expect(() => instanceAddress(address, none)).toThrow(/plain http: no secret is sent there/)
  expect(instanceAddress('http://auth:8080', { tls: 'terminated' })).toBe('http://auth:8080')
})

test.each([
  '',
  'nonsense',
  'id.example:443',
  'ftp://id.example',
  'https:id.example',
  'https://',
  'https://id.example?a=b',
])('%j is no address', (text) => {
  expect(() => instanceAddress(text, { tls: 'none' })).toThrow(UsageError)
  expect(() => instanceAddress(text, { tls: 'none' })).toThrow(/is no address/)
})

test('a user or password in an address is refused, and not repeated', () => {
  for (const address of ['https://u:hidden@id.example', 'http://u:hidden@id.example', 'ftp://u:hidden@id.example']) {
    const refused = () => instanceAddress(address, { tls: 'none' })
    expect(refused).toThrow(UsageError)
    expect(refused).not.toThrow(/hidden/)
  }
})

const ADMIN = ['--credentials', credentials]
const TOKEN = ['--token-file', token]

test.each([
  ['keys list', ADMIN],
  ['keys list', TOKEN],
  ['config drift', ADMIN],
  ['login', []],
  ['logout', []],
  ['bundle status', TOKEN],
  ['audit heads', TOKEN],
])('%s %j sends nothing over plain http to another host, nor to what is no address', async (command, flags) => {
  const port = (server.address() as AddressInfo).port
  // Reaches this machine, though it is no loopback address: what is sent would arrive.
  for (const [url, why] of [
    [`http://0.0.0.0:${port}`, 'plain http'],
    ['nonsense', 'is no address'],
    ['', 'is no address'],
  ] as const) {
    const [code, said] = await run(...command.split(' '), `--url=${url}`, ...flags)
    expect([code, said]).toEqual([2, expect.stringContaining(why)])
  }
  expect(requests).toBe(0)
})

test.each([
  ['keys list', ADMIN],
  ['config plan', ADMIN],
  ['config apply', ADMIN],
  ['config drift', ADMIN],
  ['login', []],
  ['bundle status', TOKEN],
])('%s %j: an instance that does not answer is no wrong usage: exit code 1', async (command, flags) => {
  const [code, said] = await run(...command.split(' '), '--url', 'http://127.0.0.1:1', ...flags)
  expect([code, said]).toEqual([1, expect.stringMatching(/does not answer at http:\/\/127\.0\.0\.1:1/)])
  expect(said).not.toContain('--help')
})
