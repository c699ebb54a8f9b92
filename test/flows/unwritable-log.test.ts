/** No audit, no permit: a real instance whose logs cannot be written answers 503 and issues nothing. */
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy } from '../servers/deployment.ts'
import type { Sallyport } from '../servers/sallyport.ts'
import {
  allGoesOn,
  authorizeTellsTheClient,
  getUnderWay,
  pagesAreUnavailable,
  readsAreUnavailable,
  type UnderWay,
  writesAreUnavailable,
} from './outage.ts'

let deployment: Deployment
let running: Sallyport
let underWay: UnderWay

beforeAll(async () => {
  deployment = await deploy('one-process')
  running = deployment.auth
  underWay = await getUnderWay(deployment)
})
afterAll(() => deployment?.stop())

/** A device that is always full: every write fails with ENOSPC, and what is there cannot be cut. */
async function restart(full: readonly string[], ...flags: string[]): Promise<void> {
  await running.stop()
  const log = join(deployment.folder, 'log')
  for (const name of ['audit', 'decisions-auth', 'decisions-api']) {
    rmSync(join(log, `${name}.jsonl`), { force: true })
    if (full.includes(name)) symlinkSync('/dev/full', join(log, `${name}.jsonl`))
  }
  running = deployment.run('serve', ...flags)
  await running.says(/ready in \d+ ms/)
}

const basic = () => {
  const { id, secret } = deployment.population.web
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}
const askToken = () =>
  fetch(`${deployment.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(), 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&scope=orders:read',
  })
const askData = () => deployment.askPolicy('/v1/data/rbac/roles', { method: 'POST', body: '{"input":{}}' })
const metric = async (name: string): Promise<number> => {
  const text = await (await deployment.askPolicy('/metrics')).text()
  return [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
}

describe('logs that cannot be written', () => {
  it('answer 503 at every endpoint that decides where the decision logs are full, and issue nothing', async () => {
    await restart(['decisions-auth', 'decisions-api'])
    const token = await askToken()
    expect([token.status, await token.json()]).toEqual([
      503,
      expect.not.objectContaining({ access_token: expect.anything() }),
    ])
    expect(token.headers.get('retry-after')).toMatch(/^\d+$/)
    const data = await askData()
    expect([data.status, await data.text()]).toEqual([503, expect.not.stringContaining('result')])
    await writesAreUnavailable(deployment, underWay)
    await readsAreUnavailable(deployment, underWay)
    await pagesAreUnavailable(deployment, underWay)
    await authorizeTellsTheClient(deployment, underWay)
    expect((await fetch(`${deployment.policy}/health?plugins`)).status).toBe(500)
    expect((await deployment.status()).plugins).toMatchObject({ decision_logs: { state: 'ERROR' } })
    expect(await metric('decision_log_failures_total')).toBeGreaterThanOrEqual(2)
  })

  it('issue no token where the audit log alone is full', async () => {
    await restart(['audit'])
    const token = await askToken()
    expect([token.status, await token.json()]).toEqual([
      503,
      expect.not.objectContaining({ access_token: expect.anything() }),
    ])
    expect((await askData()).status).toBe(200)
  })

  it('answer where the configuration says so, and count what is not in the log', async () => {
    await restart(['audit', 'decisions-auth', 'decisions-api'], '--set', 'log.on_failure=answer')
    expect((await askToken()).status).toBe(200)
    expect((await askData()).status).toBe(200)
    expect(await metric('decision_logs_dropped_buffer_size_limit_bytes_exceeded')).toBeGreaterThanOrEqual(2)
  })

  it('answer again once they can be written, and what was under way goes on', async () => {
    await restart([])
    expect([(await askToken()).status, (await askData()).status]).toEqual([200, 200])
    await allGoesOn(deployment, underWay)
  })
})
