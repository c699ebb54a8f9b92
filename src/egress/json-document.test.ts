import { describe, expect, it } from 'vitest'
import { certificatesOf, openTo, serve, serveTls } from './egress-fixture.ts'
import { jsonReader } from './json-document.ts'

const certificates = certificatesOf()

describe('a document that a client names', () => {
  const reader = (options: Parameters<typeof openTo>[0] = {}) => jsonReader(openTo(options), { ca: certificates().ca })
  const from = async (answer: Parameters<typeof serve>[0]) =>
    `https://localhost:${await serveTls(certificates(), answer)}/doc?token=secret`

  it('is read as JSON over https', async () => {
    const url = await from((_, response) => response.end('["https://a.example/cb"]'))
    expect(await reader()(url)).toEqual(['https://a.example/cb'])
  })

  it('is not read over plain http, from loopback, or after a redirect (checklist 48)', async () => {
    let asked = 0
    const count = () => {
      asked += 1
    }
    const port = await serve((_, response) => {
      count()
      response.end('[]')
    })
    await expect(reader()(`http://localhost:${port}/`)).rejects.toMatchObject({ code: 'denied' })
    const secure = await from((_, response) => {
      count()
      response.end('[]')
    })
    await expect(reader({ allow: [] })(secure)).rejects.toMatchObject({ code: 'denied' })
    expect(asked).toBe(0)
    const elsewhere = await from((_, response) => response.writeHead(302, { location: secure }).end())
    await expect(reader()(elsewhere)).rejects.toMatchObject({ code: 'unreachable' })
    expect(asked).toBe(0)
  })

  it('ends where it is no JSON, too large, or not 200, and its query is not told', async () => {
    const documents = [
      await from((_, response) => response.end('<html>')),
      await from((_, response) => response.end(JSON.stringify('x'.repeat(65 * 1024)))),
      await from((_, response) => response.writeHead(404).end('[]')),
    ]
    for (const url of documents) {
      const error = await reader()(url).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ name: 'EgressError' })
      expect(String(error)).not.toContain('secret')
    }
  })
})
