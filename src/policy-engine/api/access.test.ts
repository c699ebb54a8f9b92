/** Who may call the policy API, over a real socket. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { SMALL } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { type ApiUnderTest, loadFixture, openApi, post, send } from './api-fixture.ts'
import type { PolicyApiOptions } from './server.ts'

let bundle: VerifiedBundle
let api: ApiUnderTest

beforeAll(async () => {
  bundle = await loadFixture(SMALL)
})
afterEach(() => api.close())

async function serve(over: Partial<PolicyApiOptions> = {}, active = true): Promise<number> {
  api = await openApi(active ? bundle : undefined, over)
  return api.port
}

describe('access', () => {
  const credentials = [
    { identity: 'auth-service', token: 'secret-a' },
    { identity: 'other', token: 'secret-b' },
  ]

  it('lets system.authz judge every request by the identity of the credential', async () => {
    const port = await serve({ credentials, loopback: false })
    const as = (authorization?: string) =>
      send(port, '/v1/data/rbac', authorization ? { headers: { authorization } } : {})
    expect(await as('Bearer secret-a')).toMatchObject({ status: 200 })
    expect(await as()).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    for (const wrong of ['Bearer secret-c', 'Bearer ', 'Basic secret-a', 'secret-a']) {
      expect(await as(wrong)).toMatchObject({ status: 401 })
    }
    for (const path of ['/health', '/v1/status', '/metrics', '/v1/cache/purge', '/v1/nothing']) {
      expect((await send(port, path)).status).toBe(401)
    }
  })

  it('refuses foreign hosts, origins and sites on a loopback listener without credentials', async () => {
    const port = await serve()
    const status = async (headers: Record<string, string>) =>
      (await post(port, '/v1/data/rbac', '{"input":1}', headers)).status
    expect(await status({ host: `localhost:${port}` })).toBe(200)
    expect(await status({ host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` })).toBe(200)
    expect(await status({ host: 'evil.example' })).toBe(403)
    expect(await status({ host: `localhost.evil.example:${port}` })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'null' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, 'sec-fetch-site': 'cross-site' })).toBe(403)
  })

  it('refuses them also where credentials are configured, but from callers that show one', async () => {
    const port = await serve({ credentials })
    const status = async (headers: Record<string, string>) =>
      (await post(port, '/v1/data/rbac', '{"input":1}', headers)).status
    expect(await status({ host: 'evil.example' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403)
    expect(await status({ host: 'evil.example', authorization: 'Bearer secret-a' })).toBe(200)
  })

  it('refuses an address of more segments than any document is deep, before anything judges it', async () => {
    const port = await serve({ credentials, loopback: false })
    const judged = vi.spyOn(api.node, 'allows')
    const of = (segments: number) => send(port, `/health${'/a'.repeat(segments - 1)}`)
    expect(await of(129)).toMatchObject({ status: 400, json: { code: 'invalid_parameter' } })
    expect(await of(4000)).toMatchObject({ status: 400 })
    expect(judged).not.toHaveBeenCalled()
    expect(await of(128)).toMatchObject({ status: 401 })
    expect(judged).toHaveBeenCalledOnce()
  })

  it('answers nothing but health and metrics without a bundle', async () => {
    const port = await serve({}, false)
    expect(await send(port, '/health')).toMatchObject({ status: 500 })
    expect(await send(port, '/metrics')).toMatchObject({ status: 200 })
    for (const path of ['/v1/data/rbac', '/v1/status', '/v1/nothing']) {
      expect(await send(port, path)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    }
  })

  it('shows metrics without a bundle to nobody unknown beyond loopback, where no policy can say who may', async () => {
    const port = await serve({ credentials, loopback: false }, false)
    expect(await send(port, '/health')).toMatchObject({ status: 500 })
    expect(await send(port, '/metrics')).toMatchObject({ status: 401 })
    const headers = { authorization: 'Bearer secret-a' }
    expect(await send(port, '/metrics', { headers })).toMatchObject({ status: 200 })
  })
})
