/** TLS of the way out, against real HTTPS servers on loopback. */
import type { RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { EgressRequest } from './egress.ts'
import { certificatesOf, get, openTo, serveTls, setVariable, text } from './egress-fixture.ts'

const certificates = certificatesOf()

describe('TLS', () => {
  const ca = () => ({ ca: certificates().ca })

  it('is 1.3 where the server has it, 1.2 at least', async () => {
    const told: RequestListener = ({ socket }, response) => response.end((socket as TLSSocket).getProtocol())
    const both = await serveTls(certificates(), told)
    expect(text(await openTo().request(get(`https://localhost:${both}/`, { tls: ca() })))).toBe('TLSv1.3')
    const older = await serveTls(certificates(), told, { maxVersion: 'TLSv1.2' })
    expect(text(await openTo().request(get(`https://localhost:${older}/`, { tls: ca() })))).toBe('TLSv1.2')
    const oldest = await serveTls(certificates(), told, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    const asking = openTo().request(get(`https://localhost:${oldest}/`, { tls: ca() }))
    await expect(asking).rejects.toMatchObject({ code: 'tls' })
  })

  it('trusts no certificate of an unknown authority or of another name, unless told so', async () => {
    const port = await serveTls(certificates(), (_, response) => response.end('ok'))
    const ask = (tls: EgressRequest['tls'], host = 'localhost') =>
      openTo({ allow: ['127.0.0.1'] }).request(get(`https://${host}:${port}/`, tls && { tls }))
    await expect(ask(undefined)).rejects.toMatchObject({ code: 'tls' })
    await expect(ask({ ...ca(), serverName: 'other.example' })).rejects.toMatchObject({ code: 'tls' })
    expect(text(await ask(ca(), '127.0.0.1'))).toBe('ok')
    expect(text(await ask({ insecure: true }))).toBe('ok')
    await expect(ask({ ca: 'no certificate' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(invalid|tls)$/),
    })
    await expect(ask({ ...ca(), cert: 'x', key: 'secret' })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('is left unjudged at one origin only: that of another, where a redirect leads, is judged', async () => {
    const other = await serveTls(certificates(), (_, response) => response.end('ok'))
    const locations: Readonly<Record<string, string>> = { '/': '/again', '/again': `https://localhost:${other}/` }
    for (const [status, first, reached] of [
      [307, '/', false],
      [308, '/again', false],
      [307, '/own', true],
    ] as const) {
      const port = await serveTls(certificates(), (request, response) => {
        const location = request.url === '/own' ? '/end' : locations[request.url ?? '']
        return location === undefined ? response.end('ok') : response.writeHead(status, { location }).end()
      })
      const tls = { insecure: true }
      const asking = openTo().request(get(`https://localhost:${port}${first}`, { tls, redirects: 5 }))
      if (reached) expect(text(await asking)).toBe('ok')
      else await expect(asking).rejects.toMatchObject({ code: 'tls' })
    }
  })

  it('ignores NODE_TLS_REJECT_UNAUTHORIZED', async () => {
    setVariable('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const port = await serveTls(certificates(), (_, response) => response.end('ok'))
    await expect(openTo().request(get(`https://localhost:${port}/`))).rejects.toMatchObject({ code: 'tls' })
  })

  it('shows the client certificate, and not where a redirect leads to another origin', async () => {
    const shown: RequestListener = ({ socket }, response) =>
      response.end((socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'none')
    const { cert, key } = certificates()
    const options = { requestCert: true, rejectUnauthorized: false, ...ca() }
    const other = await serveTls(certificates(), shown, options)
    const answer: RequestListener = (request, response) =>
      request.url === '/'
        ? shown(request, response)
        : response.writeHead(302, { location: `https://localhost:${other}/` }).end()
    const port = await serveTls(certificates(), answer, options)
    const tls = { ...ca(), cert, key }
    const egress = openTo()
    expect(text(await egress.request(get(`https://localhost:${port}/`, { tls })))).toBe('localhost')
    expect(text(await egress.request(get(`https://localhost:${port}/away`, { tls, redirects: 1 })))).toBe('none')
    // What one request shows, another does not.
    expect(text(await egress.request(get(`https://localhost:${port}/`, { tls: ca() })))).toBe('none')
  })
})
