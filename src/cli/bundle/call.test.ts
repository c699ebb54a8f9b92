/** `sallyport bundle` against a policy API that has no time. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCommandLine } from '../command-line.ts'

let server: Server
let answer: { readonly status: number; readonly headers: Readonly<Record<string, string>> }

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify({ code: 'too_many_requests', message: 'too many requests at once' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  vi.restoreAllMocks()
  server.closeAllConnections()
  server.close()
})

test.each([
  [{ 'retry-after': '7' }, 'too many requests at once. Try again in 7 s.'],
  [{}, 'too many requests at once'],
  [{ 'retry-after': 'soon' }, 'too many requests at once'],
])('429 with %j is exit code 1, and says when to try again where the service does', async (headers, said) => {
  answer = { status: 429, headers }
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { port } = server.address() as AddressInfo
  expect(await runCommandLine(['bundle', 'status', '--url', `http://127.0.0.1:${port}`])).toBe(1)
  expect(told.mock.lastCall).toEqual([`sallyport: ${said}`])
})
