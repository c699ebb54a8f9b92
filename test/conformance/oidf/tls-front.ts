/** TLS in front of a plain http listener on loopback: 1.3, and 1.2 with ECDHE and AES-GCM only (FAPI 2.0 5.2.1, RFC 9325 4.2). */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'
import type { Certificates } from '../../servers/certificates.ts'

interface Behind {
  readonly authPort: number
  readonly certificates: Certificates
}

export async function openTlsFront(issuer: URL, { authPort, certificates }: Behind): Promise<AsyncDisposable> {
  const server = createServer(
    {
      cert: readFileSync(certificates.certFile),
      key: readFileSync(certificates.keyFile),
      minVersion: 'TLSv1.2',
      ciphers:
        'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
    },
    (outer) => {
      const inner = connect(authPort, '127.0.0.1')
      outer.pipe(inner).pipe(outer)
      for (const [socket, other] of [
        [outer, inner],
        [inner, outer],
      ] as const)
        socket.on('error', () => other.destroy()).on('close', () => other.destroy())
    },
  )
  await new Promise<void>((done, failed) =>
    server.once('error', failed).listen(Number(issuer.port), issuer.hostname, done),
  )
  return { [Symbol.asyncDispose]: async () => void server.close() }
}
