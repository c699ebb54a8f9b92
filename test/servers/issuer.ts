/** For tests: an issuer that signs whatever it is told to, as no provider in its right mind does. RFC 8414, 7517. Made with jose. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { randomId } from '../../src/kernel/ids.ts'

export interface Issuer {
  readonly issuer: string
  /** An access token for the audience by its one key; claims and header in place of the right ones, undefined leaves out. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export async function startIssuer(audience: string): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const key = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  const server = createServer((request, response) => {
    const isMetadata = request.url === '/.well-known/oauth-authorization-server'
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isMetadata ? { issuer, jwks_uri: `${issuer}/jwks` } : { keys: [key] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const right = {
        iss: issuer,
        aud: audience,
        sub: 'ann',
        client_id: 'web',
        jti: randomId(),
        iat: now,
        exp: now + 300,
      }
      return new SignJWT({ ...right, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...header })
        .sign(privateKey)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
