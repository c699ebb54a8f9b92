/** Bundles over HTTP: a service that behaves as OPA's documentation says, and ones that are slow, lie or fail. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BundleServer, type Misbehaviour, startBundleServer } from '../../../test/servers/bundle-server.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, signFixture } from '../bundle/bundle-fixture.ts'
import { answering, openRoom, packed, type Room } from './activator-fixture.ts'

let room: Room
let server: BundleServer
beforeEach(async () => {
  room = await openRoom()
  server = await startBundleServer()
})
afterEach(async () => {
  await room.close()
  server.close()
})
const follow = (over = {}) => room.follow({ remote: room.service(server.url, over) })

describe('a bundle service that behaves (OPA, "Bundle Service API")', () => {
  it('is asked for the resource with the modes that are understood, and with the ETag of what is active', async () => {
    server.put(await packed(1), '"one"')
    const { until, ...followed } = await follow()
    expect(followed.activations.at(-1)?.version).toBe(1)
    await server.seen(3)
    expect(server.requests[0]).toMatchObject({ path: '/bundles/sallyport', prefer: 'modes=snapshot' })
    expect(server.requests[0]?.ifNoneMatch).toBeUndefined()
    expect(server.requests[2]).toMatchObject({ ifNoneMatch: '"one"' })
    server.put(await packed(2), '"two"')
    await until(() => followed.activations.at(-1)?.version === 2)
    expect(followed.tracker.status).toMatchObject({ service: 'control', active_from: 'source', source_reachable: true })
    expect(followed.tracker.status).not.toHaveProperty('code')
  })

  it('holds its answer until there is something new, where it answers long polls', async () => {
    server.holdsAnswers = true
    server.put(await packed(1), '"one"')
    const followed = await follow({ longPollSeconds: 30 })
    await server.seen(2)
    expect(server.requests.map(({ prefer }) => prefer)).toEqual(['modes=snapshot', 'modes=snapshot;wait=30'])
    server.put(await packed(2), '"two"')
    await followed.until(() => followed.version === 2)
    await server.seen(3)
    expect(server.requests[2]).toMatchObject({ ifNoneMatch: '"two"', prefer: 'modes=snapshot;wait=30' })
    expect(server.requests).toHaveLength(3)
  })

  it('is polled when it no longer answers long polls', async () => {
    server.holdsAnswers = true
    server.put(await packed(1), '"one"')
    const followed = await follow({ longPollSeconds: 30 })
    await server.seen(2)
    server.holdsAnswers = false
    server.put(await packed(2), '"two"')
    await followed.until(() => followed.version === 2)
    await server.seen(5)
    expect(server.requests.at(-1)?.prefer).toBe('modes=snapshot')
  })

  it('has no bundle where it answers 200 without a body', async () => {
    server.put(undefined)
    const followed = await follow()
    expect(followed.version).toBeUndefined()
    expect(followed.tracker.status).toMatchObject({ source_reachable: true })
    expect(followed.tracker.status).not.toHaveProperty('code')
    server.put(await packed(1))
    await followed.until(() => followed.version === 1)
  })

  it('compresses on the way', async () => {
    const bytes = await packed(1)
    server.misbehave((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', etag: '"z"' }).end(gzipSync(bytes))
    })
    expect((await follow()).version).toBe(1)
  })

  it('is asked only by command where the trigger is manual', async () => {
    server.put(await packed(1), '"one"')
    const followed = await follow({ trigger: 'manual' })
    expect(server.requests).toHaveLength(0)
    await followed.activator.tryAgain()
    expect(followed.version).toBe(1)
    server.put(await packed(2), '"two"')
    await followed.activator.tryAgain()
    expect([followed.version, server.requests.length]).toEqual([2, 2])
  })

  it('is asked at once by command, while a long poll waits', async () => {
    server.holdsAnswers = true
    server.put(await packed(1), '"one"')
    const followed = await follow({ longPollSeconds: 600 })
    await server.seen(2)
    await followed.activator.tryAgain()
    expect(server.requests[2]).toMatchObject({ prefer: 'modes=snapshot' })
    expect(server.requests[2]?.ifNoneMatch).toBeUndefined()
  })
})

describe('a bundle service that does not', () => {
  const answerWith =
    (status: number, body: Uint8Array | string = '', headers = {}): Misbehaviour =>
    (_request, response) =>
      response.writeHead(status, headers).end(body)
  /** Never ends, and sends something now and then. */
  const endless: Misbehaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/gzip' })
    const chunk = Buffer.alloc(64 * 1024, 1)
    const more = () => {
      if (response.destroyed) return
      if (response.write(chunk)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  }

  it.each([
    ['fails', () => answerWith(500, 'no'), { code: 'source_refused', http_code: 500 }],
    ['redirects', () => answerWith(302, '', { location: 'http://127.0.0.1:1/x' }), { code: 'source_refused' }],
    ['has no such bundle', () => answerWith(404), { code: 'source_refused', http_code: 404 }],
    ['sends no bundle', () => answerWith(200, '<html>not found</html>'), { code: 'not_a_bundle' }],
    [
      'cuts it short',
      async () => {
        const bytes = await packed(2)
        return answerWith(200, bytes.subarray(0, bytes.byteLength / 2))
      },
      { code: 'not_a_bundle' },
    ],
    [
      'breaks off',
      async () => {
        const bytes = await packed(2)
        const cut: Misbehaviour = (_request, response) => {
          response.writeHead(200, { 'content-length': bytes.byteLength })
          response.write(bytes.subarray(0, 100), () => response.destroy())
        }
        return cut
      },
      { code: 'source_unreachable' },
    ],
    [
      'compresses wrongly',
      async () => answerWith(200, await packed(2), { 'content-encoding': 'gzip' }).bind(undefined),
      { code: 'not_a_bundle' },
    ],
    ['sends without end', () => endless, { code: 'too_large' }],
    ['never answers', () => () => {}, { code: 'source_unreachable' }],
    [
      'forges a signature',
      async () => {
        const files = signFixture(await buildFixture(answering(2)), 2)
        return answerWith(
          200,
          await writeArchive(new Map(files).set('data.json', Buffer.from('{"rbac":{"answer":3}}'))),
        )
      },
      { code: 'digest_mismatch' },
    ],
    [
      'takes the signature away',
      async () => answerWith(200, await writeArchive(await buildFixture(answering(2)))),
      { code: 'unsigned' },
    ],
    ['sends an older one', async () => answerWith(200, await packed(0)), { code: 'older_version' }],
    [
      'sends another under the same version',
      async () => answerWith(200, await packed(1, 7)),
      { code: 'version_conflict' },
    ],
  ])('leaves the old bundle in force, and says why: it %s', async (_what, make, status) => {
    server.put(await packed(1), '"one"')
    const followed = await room.follow({
      remote: room.service(server.url, { deadlineMs: 1500 }),
      limits: { archiveBytes: 2 * 1024 * 1024, totalBytes: 8 * 1024 * 1024, files: 100 },
    })
    expect(followed.version).toBe(1)
    server.misbehave(await make())
    // What it sends comes under a new ETag, or the polls would be answered 304.
    await followed.until(() => followed.tracker.status.code !== undefined)
    expect(followed.tracker.status).toMatchObject({ ...status, version: 1 })
    expect(followed.activations).toHaveLength(1)
    server.misbehave(undefined)
    server.put(await packed(3), '"three"')
    await followed.until(() => followed.version === 3)
    expect(followed.tracker.status).not.toHaveProperty('code')
  })

  it('offers what was refused again: only the ETag of what is active is remembered', async () => {
    server.put(await packed(1), '"one"')
    const followed = await follow()
    server.put(gzipSync(Buffer.from('no tar')), '"bad"')
    await followed.until(() => followed.tracker.status.code === 'not_a_bundle')
    const count = server.requests.length
    await server.seen(count + 2)
    expect(server.requests.slice(count).map(({ ifNoneMatch }) => ifNoneMatch)).not.toContain('"bad"')
    server.put(await packed(2), '"bad"')
    await followed.until(() => followed.version === 2)
  })

  it('is asked ever less often while it fails, and says the same once', async () => {
    server.misbehave(answerWith(503))
    const followed = await follow({ maxDelayMs: 50, random: () => 0.5 })
    await server.seen(6)
    expect(followed.lines.filter((line) => line.includes('"level":50'))).toHaveLength(1)
  })

  it('flaps: each fit bundle gets through, no other does', async () => {
    const followed = await follow()
    for (let version = 1; version <= 6; version++) {
      server.misbehave(version % 2 === 0 ? answerWith(500) : answerWith(200, 'x'))
      await followed.until(() => followed.tracker.status.code !== undefined)
      server.put(await packed(version), `"${version}"`)
      server.misbehave(undefined)
      await followed.until(() => followed.version === version)
    }
    expect(followed.activations.map((bundle) => bundle?.version)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('is not asked in a tight circle when it answers long polls at once', async () => {
    const bytes = await packed(1)
    server.misbehave((request, response) => {
      const type = { 'content-type': 'application/vnd.openpolicyagent.bundles', etag: '"one"' }
      if (request.headers['if-none-match'] === '"one"') response.writeHead(304, type).end()
      else response.writeHead(200, type).end(bytes)
    })
    await follow({ longPollSeconds: 60 })
    await server.seen(2)
    const asked = () => server.requests.filter(({ prefer }) => prefer !== undefined).length
    const before = asked()
    // A hundred questions of somebody else take long enough for as many in a circle.
    for (let count = 0; count < 100; count++) await (await fetch(server.url)).arrayBuffer()
    expect(asked() - before).toBeLessThan(20)
  })

  it('is not believed when it answers 304 to who sent no ETag', async () => {
    server.misbehave(answerWith(304))
    const followed = await follow()
    expect(followed.tracker.status).toMatchObject({ code: 'source_refused', http_code: 304 })
  })

  it('does not hide a plain tar as a gzipped one', async () => {
    server.put(gunzipSync(await packed(1)))
    expect((await follow()).tracker.status.code).toBe('not_a_bundle')
  })
})
