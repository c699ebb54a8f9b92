/** Health, status, metrics, purging and capacity of the policy API, over a real socket. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
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

describe('operations', () => {
  it('shows health, status and metrics', async () => {
    const port = await serve()
    expect(await send(port, '/health?bundles&plugins')).toMatchObject({ status: 200, text: '{}' })
    expect((await send(port, '/v1/status')).json).toMatchObject({
      result: {
        bundles: { sallyport: { active_revision: bundle.revision, version: 1 } },
        nodes: [{ node: 'api', revision: bundle.revision }],
        plugins: { bundle: { state: 'OK' }, decision_logs: { state: 'OK' } },
      },
    })
    await send(port, '/v1/data/canary-path/x')
    const { text } = await send(port, '/metrics')
    expect(text).toContain(
      'http_request_duration_seconds_count{node="api",code="200",handler="v1/data",method="get"} 1',
    )
    expect(text).not.toContain('canary-path')
  })

  it('purges caches on request', async () => {
    const port = await serve()
    expect(await post(port, '/v1/cache/purge', '')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"subject":"s"}')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"sub":"s"}')).toMatchObject({ status: 400 })
    expect(api.purged).toEqual([undefined, 's'])
  })

  it('answers 503 over its capacity, and goes on after', async () => {
    const port = await serve({ limits: { inFlight: 0 } })
    expect(await send(port, '/v1/data/rbac')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const headers = { cookie: 'x'.repeat(20_000) }
    expect(await send(port, '/health', { headers })).toMatchObject({ status: 431 })
  })
})
