/** For tests: real HTTP and HTTPS servers on loopback, closed after each test, and a way out to them. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Certificates, makeCertificates } from '../../test/servers/certificates.ts'
import type { Egress, EgressRequest } from './egress.ts'
import { type EgressOptions, openEgress } from './open.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Run after the test that is running. */
export const atEnd = (end: () => unknown): void => void ends.push(end)

export async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export const serve = (answer: RequestListener): Promise<number> => listen(createServer(answer))

/** Where nobody listens any more. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const pem = (file: string): string => readFileSync(file, 'utf8')

export interface Pem {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly files: Certificates
}

/** An authority with a certificate for localhost and 127.0.0.1, made once for a file of tests. */
export function certificatesOf(): () => Pem {
  let folder: string
  let made: Pem | undefined
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'egress-'))
    const files = await makeCertificates(folder)
    made = { ca: pem(files.caFile), cert: pem(files.certFile), key: pem(files.keyFile), files }
  })
  afterAll(() => rm(folder, { recursive: true }))
  return () => {
    if (made === undefined) throw new Error('certificates are made before the first test')
    return made
  }
}

export const serveTls = ({ cert, key }: Pem, answer: RequestListener, options: object = {}): Promise<number> =>
  listen(createSecureServer({ key, cert, ...options }, answer))

export function openTo(options: Partial<EgressOptions> = {}): Egress {
  const egress = openEgress({ allow: ['127.0.0.1', 'localhost'], unlisted: 'public', ...options })
  atEnd(() => egress.close())
  return egress
}

export const get = (url: string, rest: Partial<EgressRequest> = {}): EgressRequest => ({
  method: 'GET',
  url: new URL(url),
  deadlineMs: 5000,
  ...rest,
})

export const text = ({ body }: { readonly body: Uint8Array }): string => Buffer.from(body).toString('utf8')

/** Until the end of the test. */
export function setVariable(name: string, value: string): void {
  const before = process.env[name]
  process.env[name] = value
  atEnd(() => {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  })
}
