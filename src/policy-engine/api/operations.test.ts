/** Health, status, metrics, purging and capacity of the policy API, over a real socket. */
import { connect } from 'node:net'
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

  it('shows under OPA’s names what OPA’s dashboards read (OPA, "Monitoring")', async () => {
    const port = await serve()
    await send(port, '/v1/data/rbac')
    const { text } = await send(port, '/metrics')
    expect(text).toMatch(/^opa_info\{product="sallyport",version="1\.0\.0"\} 1$/m)
    expect(text).toMatch(/^plugin_status_gauge\{name="bundle",status="OK"\} 1$/m)
    expect(text).toMatch(
      /^last_success_bundle_request\{name="sallyport"\} 1\.\d+e\+18$|^last_success_bundle_request\{name="sallyport"\} \d{19}$/m,
    )
    expect(text).toMatch(/^last_success_bundle_activation\{/m)
    expect(text).toMatch(/^http_request_duration_seconds_bucket\{.*code="200".*handler="v1\/data".*method="get"/m)
    const help = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name)
    expect(new Set(help).size).toBe(help.length)
  })

  it('judges the rules of system.health, with the state of the plugins as input (OPA, "Custom Health Checks")', async () => {
    const source = {
      ...SMALL,
      entrypoints: [...SMALL.entrypoints, 'system/health'],
      rego: {
        ...SMALL.rego,
        'health.rego': `package system.health

live := true

ready if {
	input.plugins_ready
	input.plugin_state.bundle == "OK"
}

odd := "yes"
`,
      },
    }
    let broken = true
    const plugins = () => ({ bundle: { state: broken ? ('ERROR' as const) : ('OK' as const) } })
    api = await openApi(await loadFixture(source), { status: () => ({ bundles: {}, nodes: [], plugins: plugins() }) })
    const status = async (path: string) => (await send(api.port, path)).status
    expect(await status('/health/live')).toBe(200)
    expect(await status('/health/ready')).toBe(500)
    broken = false
    expect(await status('/health/ready')).toBe(200)
    broken = true
    // Ready once is ready; the rule reads the state of now as well.
    expect(await status('/health/ready')).toBe(500)
    for (const path of ['/health/odd', '/health/nothing']) expect(await status(path)).toBe(500)
    expect(await status('/health?plugins')).toBe(500)
    expect(await status('/health?plugins&exclude-plugin=bundle')).toBe(200)
    expect(await api.events()).toEqual([])
  })

  it('shows the configuration that it is given', async () => {
    const port = await serve({ config: { policy: { port: 8181 } } })
    expect((await send(port, '/v1/config')).json).toEqual({ result: { policy: { port: 8181 } } })
    expect((await send(port, '/v1/config?pretty')).text).toContain('\n  "result"')
  })

  it('purges caches on request', async () => {
    const port = await serve()
    expect(await post(port, '/v1/cache/purge', '')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"subject":"s"}')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"sub":"s"}')).toMatchObject({ status: 400 })
    expect(api.purged).toEqual([undefined, 's'])
  })

  it('ends a connection that sends its request too slowly, and keeps serving others', async () => {
    const port = await serve({ limits: { requestMs: 300 } })
    const slow = connect(port, '127.0.0.1')
    slow.write('POST /v1/data/probe/echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{')
    const [answer] = await Promise.all([
      new Promise<string>((resolve) => {
        let text = ''
        slow.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        slow.once('close', () => resolve(text))
      }),
      send(port, '/health'),
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect((await send(port, '/health')).status).toBe(200)
  })

  it('answers a body that announces too much before it is sent, and closes', async () => {
    const port = await serve({ limits: { bodyBytes: 1024 } })
    const outgoing = connect(port, '127.0.0.1')
    outgoing.write('POST /v1/data/probe/echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999999999\r\n\r\n')
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      outgoing.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      outgoing.once('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('answers 503 over its capacity, and goes on after', async () => {
    const port = await serve({ limits: { inFlight: 0 } })
    expect(await send(port, '/v1/data/rbac')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const headers = { cookie: 'x'.repeat(20_000) }
    expect(await send(port, '/health', { headers })).toMatchObject({ status: 431 })
  })
})
