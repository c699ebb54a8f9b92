/** For tests: an HTTPS server on loopback that can be slow, fail or be gone, as identity providers are at times. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { pinOf } from '../../src/egress/pins.ts'
import type { Certificates } from './certificates.ts'

export type Condition = 'up' | 'slow' | 'failing' | 'dead'

export interface SecureSite {
  readonly origin: string
  /** `METHOD path` of every request so far. */
  readonly asked: string[]
  /** From the next request on: `slow` answers once it is asked to go on, `failing` with 503, `dead` breaks the connection. */
  condition: Condition
  /** Its port is closed. */
  close(): Promise<void>
  /** And open again. */
  reopen(): Promise<void>
}

export const pinIn = (file: string): string => pinOf(new X509Certificate(readFileSync(file)))

/** On a port that is known before the listener is made, since issuers name it. */
export async function openSecureSite(
  { certFile, keyFile }: Pick<Certificates, 'certFile' | 'keyFile'>,
  port: number,
  listener: RequestListener,
): Promise<SecureSite> {
  const asked: string[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${(request.url ?? '').split('?')[0]}`)
    if (site.condition === 'dead') return void request.socket.destroy()
    if (site.condition === 'failing') return void response.writeHead(503).end()
    // Held until the asker gives up.
    if (site.condition === 'slow') return
    listener(request, response)
  }
  const server: Server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, answer)
  const listen = () => new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done))
  await listen()
  const site: SecureSite = {
    origin: `https://localhost:${port}`,
    asked,
    condition: 'up',
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
    reopen: listen,
  }
  return site
}
