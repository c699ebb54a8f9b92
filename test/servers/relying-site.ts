/** For tests: the side of a client that is told of sign-outs, as a server of its own. OIDC Back-Channel Logout 2.5. */

import { once } from 'node:events'
import { createServer } from 'node:http'

export interface Told {
  readonly contentType: string | undefined
  readonly logoutToken: string
}

export interface RelyingSite {
  readonly origin: string
  /** Every request so far. */
  readonly told: Told[]
  /** Statuses of the next answers, 0 for none at all; 200 once they are used up. */
  readonly answers: number[]
  close(): Promise<void>
}

export async function openRelyingSite(): Promise<RelyingSite> {
  const told: Told[] = []
  const answers: number[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    told.push({ contentType: request.headers['content-type'], logoutToken: form.get('logout_token') ?? '' })
    const status = answers.shift() ?? 200
    if (status !== 0) response.writeHead(status, { 'cache-control': 'no-store' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  return {
    origin: `http://127.0.0.1:${port}`,
    told,
    answers,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
