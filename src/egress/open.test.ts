/** Egress against real servers on loopback: what goes out, what comes back, and the limits. */
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { closedPort, get, listen, openTo, serve, setVariable, text } from './egress-fixture.ts'

describe('a request', () => {
  it('goes out with method, headers and body, and every status is an answer', async () => {
    const seen: { request: IncomingMessage; body: string }[] = []
    const port = await serve(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      seen.push({ request, body: Buffer.concat(chunks).toString() })
      response.writeHead(418, 'Short and stout', { 'set-cookie': ['a=1', 'b=2'], 'X-Tea': 'Yes' }).end('pot')
    })
    const answer = await openTo().request(
      get(`http://127.0.0.1:${port}/a%20b?c=d`, { method: 'POST', headers: { 'X-One': '1' }, body: '{"k":1}' }),
    )
    expect(answer).toMatchObject({ status: 418, statusText: 'Short and stout' })
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-tea': 'Yes' })
    expect(text(answer)).toBe('pot')
    expect(seen[0]?.request).toMatchObject({ method: 'POST', url: '/a%20b?c=d', headers: { 'x-one': '1' } })
    expect(seen[0]?.body).toBe('{"k":1}')
  })

  it('takes user and password of the address as Basic credentials, and never tells them', async () => {
    const port = await serve((request, response) => response.end(request.headers.authorization))
    const egress = openTo()
    expect(text(await egress.request(get(`http://us%65r:p%40ss@127.0.0.1:${port}/`)))).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    )
    const refused = await egress
      .request(get('http://user:p%40ss@10.1.1.1/secret-path?key=secret'))
      .catch((e: unknown) => e)
    expect(refused).toMatchObject({ name: 'EgressError', code: 'denied' })
    expect(String(refused)).not.toMatch(/user|p@ss|p%40ss|secret/)
  })

  it('takes no proxy from the environment', async () => {
    const proxy = await serve((_, response) => response.end('proxy'))
    const port = await serve((_, response) => response.end('direct'))
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) {
      setVariable(name, name.startsWith('NODE') ? '1' : `http://127.0.0.1:${proxy}`)
    }
    expect(text(await openTo().request(get(`http://127.0.0.1:${port}/`)))).toBe('direct')
  })

  it('that cannot be written as HTTP is invalid, and nothing of it is told', async () => {
    const port = await serve((_, response) => response.end())
    for (const wrong of [{ headers: { 'x-a': 'secret\r\nx-b: 1' } }, { method: 'GET secret' }, { method: 'CONNECT' }]) {
      const error = await openTo()
        .request(get(`http://127.0.0.1:${port}/`, wrong))
        .catch((e: unknown) => e)
      expect(error).toMatchObject({ code: 'invalid' })
      expect(String(error)).not.toContain('secret')
    }
    await expect(openTo().request(get('ftp://127.0.0.1/'))).rejects.toMatchObject({ code: 'denied' })
    await expect(openTo().request(get('unix:///tmp/x'))).rejects.toMatchObject({ code: 'denied' })
  })
})

describe('limits', () => {
  it('end an answer that is too large, as sent and as inflated', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/bomb') {
        return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
      }
      const more = () => {
        while (response.write(Buffer.alloc(16_384)));
        response.once('drain', more)
      }
      return more()
    })
    for (const path of ['bomb', 'endless']) {
      const asking = openTo().request(get(`http://127.0.0.1:${port}/${path}`, { maxBytes: 100_000 }))
      await expect(asking, path).rejects.toMatchObject({ code: 'too_large' })
    }
    expect(
      (await openTo().request(get(`http://127.0.0.1:${port}/bomb`, { maxBytes: 5_000_000 }))).body.byteLength,
    ).toBe(5_000_000)
  })

  it('inflate gzip that was asked for, and refuse what is cut', async () => {
    const whole = gzipSync('inflated')
    const port = await serve((request, response) => {
      response.writeHead(request.url === '/none' ? 304 : 200, { 'content-encoding': 'gzip' })
      response.end(request.url === '/none' ? undefined : request.url === '/cut' ? whole.subarray(0, -9) : whole)
    })
    const egress = openTo()
    const answer = await egress.request(get(`http://127.0.0.1:${port}/`))
    expect(text(answer)).toBe('inflated')
    expect(answer.headers).not.toHaveProperty('content-encoding')
    expect(answer.headers).not.toHaveProperty('content-length')
    expect(text(await egress.request(get(`http://127.0.0.1:${port}/none`)))).toBe('')
    await expect(egress.request(get(`http://127.0.0.1:${port}/cut`))).rejects.toMatchObject({ code: 'unreachable' })
    const raw = await egress.request(get(`http://127.0.0.1:${port}/`, { inflate: false }))
    expect(Buffer.from(raw.body)).toEqual(whole)
    expect(raw.headers['content-encoding']).toBe('gzip')
  })

  it('end a request at its deadline, wherever the server stops', async () => {
    const silent = await listen(createTcpServer(() => {}))
    const slow = await serve((_, response) => response.writeHead(200).write('a'))
    const hung = await listen(createTcpServer(() => {}))
    for (const url of [`http://127.0.0.1:${silent}/`, `http://127.0.0.1:${slow}/`, `https://127.0.0.1:${hung}/`]) {
      await expect(openTo().request(get(url, { deadlineMs: 50 })), url).rejects.toMatchObject({ code: 'timeout' })
    }
  })

  it('end a request when the caller has gone', async () => {
    const port = await serve(() => {})
    const gone = new AbortController()
    const asking = openTo().request(get(`http://127.0.0.1:${port}/`, { signal: gone.signal }))
    gone.abort()
    await expect(asking).rejects.toMatchObject({ code: 'aborted' })
  })

  it('tell a server that is not there, breaks off, or speaks no HTTP', async () => {
    const closed = await closedPort()
    const broken = await listen(createTcpServer((socket) => socket.destroy()))
    const cut = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('a', () => response.destroy())
    })
    const foreign = await listen(createTcpServer((socket) => socket.end('hello\r\n\r\n')))
    for (const port of [closed, broken, cut, foreign]) {
      await expect(openTo().request(get(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({ code: 'unreachable' })
    }
  })

  it('send once more what an idle connection broke, and not what breaks at its first', async () => {
    let [requests, connections] = [0, 0]
    const server = createServer((request, response) => {
      requests++
      if (request.url === '/close') return request.socket.destroy()
      return response.end('ok')
    })
    server.on('connection', () => connections++)
    const port = await listen(server)
    const egress = openTo()
    await expect(egress.request(get(`http://127.0.0.1:${port}/close`))).rejects.toMatchObject({ code: 'unreachable' })
    expect(requests).toBe(1)
    expect(text(await egress.request(get(`http://127.0.0.1:${port}/`)))).toBe('ok')
    server.closeAllConnections()
    expect(text(await egress.request(get(`http://127.0.0.1:${port}/`)))).toBe('ok')
    expect(connections).toBe(3)
  })
})
