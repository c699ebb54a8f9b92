/** Where the guard lets nobody out, redirects included. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { certificatesOf, get, openTo, serve, serveTls, text } from './egress-fixture.ts'

const certificates = certificatesOf()

describe('the guard', () => {
  const SPELLINGS = [
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://0177.0.0.1',
    'http://127.1',
    'http://0',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[0:0:0:0:0:ffff:127.0.0.1]',
    'http://[::]',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'http://localhost',
    'http://LOCALHOST.',
    'http://127.0.0.1.',
    'http://127。0。0。1',
    'http://①②⑦.0.0.1',
    'http://10.0.0.1',
    'http://172.16.0.1',
    'http://192.168.0.1',
    'http://100.64.0.1',
    'http://[fd00::1]',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]',
    'http://[fe80::1]',
    'http://224.0.0.1',
    'http://0.0.0.0',
  ]
  it.each(SPELLINGS)('denies %s where it is not listed (checklist 48)', async (url) => {
    let asked = 0
    const port = await serve((_, response) => {
      asked++
      response.end()
    })
    const target = new URL(url)
    target.port = String(port)
    await expect(openTo({ allow: [] }).request(get(target.href))).rejects.toMatchObject({ code: 'denied' })
    expect(asked).toBe(0)
  })

  it('judges every address of a name, and connects only to those that may be (DNS rebinding)', async () => {
    const port = await serve((_, response) => response.end('reached'))
    let asked = 0
    // The second answer of a rebinding name is never asked for: one look-up a connection.
    const lookUp = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2' }]
    const egress = openTo({ allow: [`127.0.0.1:${port}`], lookUp })
    expect(text(await egress.request(get(`http://rebind.example:${port}/`)))).toBe('reached')
    expect(asked).toBe(1)
    const second = openTo({ allow: [`127.0.0.1:${port}`], lookUp })
    await expect(second.request(get(`http://rebind.example:${port}/`))).rejects.toMatchObject({ code: 'denied' })
    const mixed = async () => [{ address: '127.0.0.2' }, { address: '::ffff:127.0.0.1' }]
    const third = openTo({ allow: [`127.0.0.1:${port}`], lookUp: mixed })
    expect(text(await third.request(get(`http://mixed.example:${port}/`)))).toBe('reached')
    expect(await third.lookUp('mixed.example', 1000)).toEqual(['127.0.0.1'])
  })

  it('lets nothing out that is not listed where only listed hosts are', async () => {
    let resolved = 0
    const lookUp = async () => {
      resolved++
      return [{ address: '8.8.8.8' }]
    }
    const egress = openTo({ allow: ['listed.example'], unlisted: 'none', lookUp })
    await expect(egress.request(get('https://other.example/'))).rejects.toMatchObject({ code: 'denied' })
    await expect(egress.lookUp('other.example', 1000)).rejects.toMatchObject({ code: 'denied' })
    expect(resolved).toBe(0)
    expect(await egress.lookUp('Listed.example', 1000)).toEqual(['8.8.8.8'])
  })

  it('ends a look-up at its deadline', async () => {
    const egress = openTo({ lookUp: () => new Promise(() => {}) })
    await expect(egress.lookUp('slow.example', 20)).rejects.toMatchObject({ code: 'timeout' })
    await expect(egress.request(get('http://slow.example/', { deadlineMs: 20 }))).rejects.toMatchObject({
      code: 'timeout',
    })
  })
})

describe('redirects', () => {
  it('are answers unless they are to be followed, and end at their number', async () => {
    const port = await serve((request, response) => {
      const n = Number(request.url?.slice(1))
      if (n === 0) return response.end('there')
      return response.writeHead(302, { location: `/${n - 1}` }).end()
    })
    const egress = openTo()
    expect((await egress.request(get(`http://127.0.0.1:${port}/1`))).status).toBe(302)
    expect(text(await egress.request(get(`http://127.0.0.1:${port}/3`, { redirects: 3 })))).toBe('there')
    await expect(egress.request(get(`http://127.0.0.1:${port}/4`, { redirects: 3 }))).rejects.toMatchObject({
      code: 'unreachable',
    })
  })

  it('are judged anew: none leads to an address that is not listed, nor out of http', async () => {
    for (const location of [
      'http://169.254.169.254/',
      'http://[::ffff:127.0.0.1]:9/',
      'file:///etc/passwd',
      'ftp://127.0.0.1/',
    ]) {
      const port = await serve((_, response) => response.writeHead(302, { location }).end())
      const egress = openTo({ allow: [`127.0.0.1:${port}`] })
      const asking = egress.request(get(`http://127.0.0.1:${port}/`, { redirects: 5 }))
      await expect(asking, location).rejects.toMatchObject({ code: 'denied' })
    }
  })

  it('carry no credentials to another origin, and keep them on their own', async () => {
    const seen: IncomingMessage['headers'][] = []
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers)
      response.end()
    })
    const port = await serve((request, response) => {
      if (request.url === '/') return response.writeHead(307, { location: '/again' }).end()
      seen.push(request.headers)
      return response.writeHead(307, { location: `http://evil:pw@127.0.0.1:${elsewhere}/` }).end()
    })
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=secret', 'X-Api-Key': 'secret', Accept: 'text/plain' }
    await openTo().request(get(`http://127.0.0.1:${port}/`, { redirects: 5, headers }))
    expect(seen[0]).toMatchObject({ authorization: 'Bearer secret', 'x-api-key': 'secret' })
    expect(JSON.stringify(seen[1])).not.toMatch(/secret|evil|Basic/)
    expect(seen[1]?.accept).toBe('text/plain')
  })

  it.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'data'],
    [308, 'POST', 'data'],
  ])('%d goes on with %s (RFC 9110 15.4)', async (status, method, body) => {
    const port = await serve(async (request, response) => {
      if (request.url === '/') return response.writeHead(status, { location: '/next' }).end()
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      return response.end(`${request.method} ${Buffer.concat(chunks)}`)
    })
    const request = get(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'data', redirects: 1 })
    expect(text(await openTo().request(request))).toBe(`${method} ${body}`)
  })

  it('never lead from https to http', async () => {
    const plain = await serve((_, response) => response.end('plain'))
    const port = await serveTls(certificates(), (_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${plain}/` }).end(),
    )
    const request = get(`https://localhost:${port}/`, { redirects: 1, tls: { ca: certificates().ca } })
    await expect(openTo().request(request)).rejects.toMatchObject({ code: 'denied' })
  })
})
