/**
 * Whatever fails (policy, its answer, the process that decides, the store), nothing is issued, nothing is spent, it is never
 * told as a deny, and all goes on by itself afterwards. On real processes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { committedBundle } from '../servers/bundle-desk.ts'
import { type Deployment, TEST_STREAM_SETTINGS } from '../servers/deployment.ts'
import { until } from '../servers/until.ts'
import { BROKEN_DECISIONS, broken } from './broken-policies.ts'
import {
  activate,
  allGoesOn,
  authorizeIsUnavailable,
  authorizeTellsTheClient,
  getUnderWay,
  pagesAreUnavailable,
  readsAreUnavailable,
  replayProof,
  storeContent,
  travel,
  type UnderWay,
  writesAreUnavailable,
} from './outage.ts'
import { answerOf, post } from './requests.ts'
import { deployWithPeople, type WithPeople } from './with-people.ts'

async function policyIsUnavailable(deployment: Deployment, underWay: UnderWay): Promise<void> {
  const before = await storeContent(deployment)
  await Promise.all([writesAreUnavailable(deployment, underWay), readsAreUnavailable(deployment, underWay)])
  await pagesAreUnavailable(deployment, underWay)
  await authorizeTellsTheClient(deployment, underWay)
  expect(await storeContent(deployment)).toBe(before)
}

const health = async ({ issuer }: Deployment) => {
  const answer = await fetch(`${issuer}/health`)
  return { status: answer.status, body: await answer.json() }
}
const isHealthy = async (deployment: Deployment) => (await health(deployment)).status === 200

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  let around: WithPeople
  let deployment: Deployment
  let underWay: UnderWay

  beforeAll(async () => {
    around = await deployWithPeople(shape, {
      redis: { appendOnly: true },
      settings: { ...TEST_STREAM_SETTINGS, auth: { metrics: true } },
    })
    deployment = around.deployment
    around.provider.person = { sub: 'comes-back', email: 'comes-back@example.com', email_verified: true }
  })
  afterAll(() => around?.stop())
  beforeEach(async () => {
    underWay = await getUnderWay(deployment)
  })

  test.each(BROKEN_DECISIONS)('a decision that is %s decides nothing', async (reason) => {
    const { trip } = underWay
    if (trip === undefined) throw new Error('nobody leaves for a provider')
    const comeBack = await travel(trip)
    await activate(deployment, await broken(reason))
    const earlier = deployment.decisions().length
    await policyIsUnavailable(deployment, underWay)
    // The provider's code is spent by then: whoever came back with it begins there anew.
    const back = await comeBack()
    expect([back.status, back.headers.get('retry-after') !== null, back.left]).toEqual([503, true, undefined])
    expect([...trip.browser.cookies.keys()]).toEqual(['sallyport_browser'])
    const logged = deployment.decisions().slice(earlier)
    expect(logged.length).toBeGreaterThan(15)
    if (shape === 'one-process') for (const event of logged) expect(event).toMatchObject({ error: { code: reason } })
    const unavailable = () =>
      deployment
        .audits()
        .filter(({ event }) => event === 'decision_unavailable')
        .map(({ detail }) => detail)
    const threatAsked = async () => {
      await replayProof(deployment)
      return unavailable().includes(`threat:${reason}`)
    }
    await until(threatAsked, 'a signal that cannot be answered')
    const told = unavailable()

    // First, so that a decision missing here is one failure and not one of every test that follows.
    await activate(deployment, await committedBundle())
    expect(Object.keys(DECISIONS).filter((name) => !told.includes(`${name}:${reason}`))).toEqual([])
    await allGoesOn(deployment, underWay)
  })

  test('a mask that fails erases its event from the log, and the request goes on', async () => {
    await activate(deployment, await broken('mask'))
    const earlier = deployment.decisions().length
    const { web, resourceServer } = deployment.population
    const token = String(underWay.tokens.access_token)
    const answers = [
      await post(deployment, '/oauth/token', web, { grant_type: 'client_credentials' }),
      await post(deployment, '/oauth/introspect', resourceServer, { token }),
      await answerOf(
        await fetch(`${deployment.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } }),
      ),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const logged = deployment.decisions().slice(earlier)
    for (const name of ['token', 'introspect', 'userinfo']) {
      const event = logged.find(({ path }) => path === `authz/${name}/decision`)
      expect(event).toMatchObject({ erased: ['/input', '/result'] })
      expect(Object.keys(event ?? {})).not.toEqual(expect.arrayContaining(['input']))
      expect(Object.keys(event ?? {})).not.toEqual(expect.arrayContaining(['result']))
      expect(JSON.stringify(event)).not.toContain(web.id)
    }
    const metrics = await (await deployment.askPolicy('/metrics')).text()
    expect(metrics).toMatch(/^decision_log_mask_failures_total\{.*\} [3-9]/m)
    await activate(deployment, await committedBundle())
  })

  if (shape === 'one-process') {
    test('SQLite that cannot be written: what writes is unavailable, and nothing is spent', async () => {
      const other = new DatabaseSync(join(deployment.folder, 'store.sqlite'))
      const before = await storeContent(deployment)
      other.exec('BEGIN IMMEDIATE')
      try {
        await writesAreUnavailable(deployment, underWay)
        await authorizeTellsTheClient(deployment, underWay)
        expect(await storeContent(deployment)).toBe(before)
      } finally {
        other.exec('ROLLBACK')
        other.close()
      }
      await allGoesOn(deployment, underWay)
    })
    return
  }

  test('Redis killed: all is unavailable, and goes on by itself when Redis is back', async () => {
    const { redis } = deployment
    const before = await storeContent(deployment)
    await redis?.kill()
    await Promise.all([writesAreUnavailable(deployment, underWay), readsAreUnavailable(deployment, underWay)])
    await pagesAreUnavailable(deployment, underWay)
    await authorizeIsUnavailable(deployment, underWay)
    expect(await health(deployment)).toEqual({
      status: 503,
      body: { status: 'unavailable', store: false, policy: true },
    })
    await redis?.restart()
    await until(() => isHealthy(deployment), 'the auth service reaches Redis')
    expect(await storeContent(deployment)).toBe(before)
    await allGoesOn(deployment, underWay)
  })

  test('Redis hung: all is unavailable within its deadline', async () => {
    const { redis } = deployment
    redis?.hang()
    try {
      await Promise.all([writesAreUnavailable(deployment, underWay), readsAreUnavailable(deployment, underWay)])
      await authorizeIsUnavailable(deployment, underWay)
    } finally {
      redis?.resume()
    }
    await until(() => isHealthy(deployment), 'the auth service reaches Redis')
  })

  const decider = () => childOf(deployment.policyService.process.pid)

  test('a policy process that hangs is ended by its supervisor, and one that ended is started again', async () => {
    const before = await storeContent(deployment)
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      const pid = decider()
      process.kill(pid, signal)
      if (signal === 'SIGSTOP')
        await Promise.all([writesAreUnavailable(deployment, underWay), readsAreUnavailable(deployment, underWay)])
      await until(async () => decider() !== pid && (await isHealthy(deployment)), 'another one decides')
    }
    expect(deployment.policyService.said).toContain('hangs and is killed')
    expect(await storeContent(deployment)).toBe(before)
    await allGoesOn(deployment, underWay)
  })

  test('the policy service stopped: unavailable, alive, and back when it is back', async () => {
    await deployment.policyService.stop('SIGKILL')
    await until(async () => !(await isHealthy(deployment)), 'its process has ended with it')
    await policyIsUnavailable(deployment, underWay)
    expect(await health(deployment)).toMatchObject({ status: 503, body: { store: true, policy: false } })
    expect((await fetch(`${deployment.issuer}/health/live`)).status).toBe(200)
    await deployment.run('serve', 'policy').says(/ready in \d+ ms/)
    await until(() => isHealthy(deployment), 'the policy service decides')
    await allGoesOn(deployment, underWay)
  })
})

/** The process that the supervisor keeps running; throws between two. */
function childOf(supervisor: number | undefined): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim()
  if (!/^\d+$/.test(children)) throw new Error(`the supervisor runs ${children || 'nothing'}`)
  return Number(children)
}
