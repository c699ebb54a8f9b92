/** A named service over real HTTP and HTTPS: address, headers, TLS with files that change, each kind of credentials. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificates } from '../../test/servers/certificates.ts'
import { openEgress } from './open.ts'
import { openService, type ServiceOptions, serviceHosts } from './service.ts'

const egress = openEgress({ allow: ['127.0.0.1'], unlisted: 'none' })
afterAll(() => egress.close())
let folder: string
let servers: Server[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-'))
  servers = []
})
afterEach(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  rmSync(folder, { recursive: true })
})

const listening = async (server: Server, scheme = 'http'): Promise<string> => {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const serve = (answer: RequestListener) => listening(createServer(answer))
const open = (url: string, options: Partial<ServiceOptions> = {}) =>
  openService({ name: 'control', url: new URL(url), ...options }, { egress })
const write = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('a remote service', () => {
  it('is asked below its base address, with its headers (OPA, "Services")', async () => {
    const seen: IncomingMessage[] = []
    const url = await serve((request, reply) => {
      seen.push(request)
      reply.end('ok')
    })
    const service = open(`${url}/opa/`, { headers: { 'x-team': 'identity' } })
    const answer = await service.request({ method: 'GET', path: '/bundles/a b?x=1', headers: { 'if-none-match': 'e' } })
    expect(Buffer.from(answer.body).toString()).toBe('ok')
    expect(seen[0]?.url).toBe('/opa/bundles/a%20b?x=1')
    expect(seen[0]?.headers).toMatchObject({ 'x-team': 'identity', 'if-none-match': 'e' })
    expect(seen[0]?.headers.authorization).toBeUndefined()
  })

  it('names the hosts that it needs to be let out to', () => {
    const oauth2 = { tokenUrl: new URL('https://idp:8443/t'), clientId: 'c', clientSecret: 's' }
    expect(serviceHosts({ url: new URL('https://control/x'), oauth2 })).toEqual(['control:443', 'idp:8443'])
  })

  it('shows a token from a file, and reads the file again when it is refused', async () => {
    let accepted = 'first'
    let asked = 0
    const url = await serve((request, reply) => {
      asked += 1
      reply.writeHead(request.headers.authorization === `Bearer ${accepted}` ? 200 : 401).end()
    })
    const tokenFile = write('token', 'first\n')
    const service = open(url, { bearer: { tokenFile } })
    expect((await service.request({ method: 'GET', path: 'x' })).status).toBe(200)
    accepted = 'second'
    write('token', 'second\n')
    expect((await service.request({ method: 'GET', path: 'x' })).status).toBe(200)
    expect(asked).toBe(3)
    accepted = 'third'
    expect((await service.request({ method: 'GET', path: 'x' })).status).toBe(401)
  })

  it('never sends a token that would break the header, nor tells it', async () => {
    const service = open(await serve((_request, reply) => void reply.end()), { bearer: { token: 'a\r\nx-evil: 1' } })
    const refusal = service.request({ method: 'GET', path: 'x' })
    await expect(refusal).rejects.toThrow(/visible ASCII/)
    await expect(refusal).rejects.not.toThrow(/evil/)
  })

  it('asks for a token of client_credentials once, keeps it until it ends, and renews one that is refused', async () => {
    const bodies: string[] = []
    let given = 0
    let accepts = (_token: string) => true
    const url = await serve(async (request, reply) => {
      if (request.url !== '/token') {
        const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
        return void reply.writeHead(accepts(token) ? 200 : 401).end()
      }
      let body = request.headers.authorization ?? ''
      for await (const chunk of request) body += ` ${chunk}`
      bodies.push(body)
      given += 1
      reply.end(JSON.stringify({ access_token: `t${given}`, token_type: 'Bearer', expires_in: 60 }))
    })
    const clientSecretFile = write('secret', 'p:w d')
    const clock = { ms: 0 }
    const oauth2 = { tokenUrl: new URL('/token', url), clientId: 'pdp', clientSecretFile, scopes: ['a', 'b'] }
    const service = openService(
      { name: 'control', url: new URL(url), oauth2 },
      { egress, clock: { nowMs: () => clock.ms } },
    )
    const ask = () => service.request({ method: 'GET', path: 'x' })
    await Promise.all([ask(), ask(), ask()])
    // RFC 6749 2.3.1: id and secret are form-encoded before they are joined.
    const shown = Buffer.from('pdp:p%3Aw+d').toString('base64')
    expect(bodies).toEqual([`Basic ${shown} grant_type=client_credentials&scope=a+b`])
    clock.ms = 49_000
    await ask()
    expect(given).toBe(1)
    clock.ms = 51_000
    await ask()
    expect(given).toBe(2)
    accepts = (token) => token === 't3'
    expect((await ask()).status).toBe(200)
    expect(given).toBe(3)
  })

  it.each([
    ['an error', 400, '{"error":"invalid_client","secret":"s"}'],
    ['no JSON', 200, '<html>'],
    ['another type of token', 200, '{"access_token":"t","token_type":"mac"}'],
    ['a token that breaks the header', 200, '{"access_token":"t\\r\\nx: y","token_type":"bearer"}'],
  ])('asks nothing of the service when the token endpoint answers %s', async (_what, status, body) => {
    let asked = 0
    const url = await serve((request, reply) => {
      if (request.url === '/token') return void reply.writeHead(status).end(body)
      asked += 1
      reply.end()
    })
    const oauth2 = { tokenUrl: new URL('/token', url), clientId: 'c', clientSecret: 's' }
    const refusal = open(url, { oauth2 }).request({ method: 'GET', path: 'x' })
    await expect(refusal).rejects.toThrow(/token endpoint answers \d+ and no bearer token/)
    expect(asked).toBe(0)
  })

  it('trusts the configured authorities only, shows its certificate, and reads renewed files', async () => {
    const { caFile, certFile, keyFile } = await makeCertificates(folder)
    const peers: string[] = []
    const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile), ca: readFileSync(caFile) }
    const server = createSecureServer({ ...tls, requestCert: true }, (request, reply) => {
      peers.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN))
      reply.end()
    })
    const url = await listening(server as unknown as Server, 'https')
    await expect(open(url).request({ method: 'GET', path: 'x' })).rejects.toMatchObject({ code: 'tls' })
    const own = write('own-ca.crt', 'not a certificate')
    const service = open(url, { caFile: own, clientTls: { certFile, keyFile } })
    await expect(service.request({ method: 'GET', path: 'x' })).rejects.toMatchObject({ name: 'EgressError' })
    write('own-ca.crt', readFileSync(caFile, 'utf8'))
    expect((await service.request({ method: 'GET', path: 'x' })).status).toBe(200)
    expect(peers).toEqual(['localhost'])
  })
})
