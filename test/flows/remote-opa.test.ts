/** A decision answered by a real OPA server on our own policies, in both shapes: tokens by it, 503 without it, and back with it. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type OpaServer, startOpaServer } from '../servers/opa-server.ts'
import { until } from '../servers/until.ts'
import { post } from './requests.ts'

const REVISION = 'central-1'

let folder: string
let opa: OpaServer
const serveOpa = (port?: number) =>
  startOpaServer({
    cwd: folder,
    args: ['--set', 'decision_logs.console=true', '--bundle', 'policies'],
    ...(port !== undefined && { port }),
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'central-opa-'))
  cpSync(resolve('policies'), join(folder, 'policies'), { recursive: true })
  writeFileSync(join(folder, 'policies', '.manifest'), JSON.stringify({ revision: REVISION }))
  opa = await serveOpa()
})
afterAll(async () => {
  await opa?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  let deployment: Deployment
  beforeAll(async () => {
    deployment = await deploy(shape, {
      settings: {
        services: [{ name: 'central', url: opa.origin }],
        policy: { remotes: [{ name: 'central', service: 'central', decisions: ['token'], deadline_ms: 500 }] },
      },
    })
  })
  afterAll(() => deployment?.stop())

  const token = async () =>
    post(deployment, '/oauth/token', deployment.population.web, { grant_type: 'client_credentials' })
  const plugins = async () => (await deployment.askPolicy('/health?plugins')).status
  const remoteEvents = () =>
    deployment
      .decisions()
      .filter(({ path, custom }) => path === 'authz/token/decision' && Object.hasOwn(custom ?? {}, 'remote'))

  test('tokens are issued by its answer, which is logged under its revision; other decisions are our own', async () => {
    expect((await token()).status).toBe(200)
    const events = remoteEvents()
    expect(events.length).toBeGreaterThan(0)
    const [{ bundles, custom } = {}] = events.slice(-1)
    expect(Object.values(bundles ?? {})).toEqual([{ revision: REVISION }])
    expect(custom).toMatchObject({ remote: { name: 'central', decision_id: expect.any(String) } })
    expect(await plugins()).toBe(200)
    const { nodes } = await deployment.status()
    expect(nodes.every(({ remotes }) => remotes?.central?.breaker === 'closed')).toBe(true)
  })

  test('stopped: 503, said in health and status; started again: tokens, without a restart here', async () => {
    await opa.stop()
    const refused = await Promise.all(Array.from({ length: 10 }, token))
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
    expect(refused.every(({ body }) => body.error === 'temporarily_unavailable')).toBe(true)
    await until(async () => (await plugins()) === 500, 'the policy service says that the remote is not OK')
    const { plugins: told } = await deployment.status()
    expect(told['remote/central']).toEqual({ state: 'ERROR' })
    opa = await serveOpa(Number(new URL(opa.origin).port))
    await until(async () => (await token()).status === 200, 'tokens are issued again')
    await until(async () => (await plugins()) === 200, 'the policy service says that the remote is OK')
  })
})
