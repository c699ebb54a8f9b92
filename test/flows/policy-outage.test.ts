/** The policy process of the split shape killed and hung under load: 503 at once, never a wrong answer, and back by itself. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type SteadyLoad, startLoad } from '../servers/steady-load.ts'
import { until } from '../servers/until.ts'
import { basic } from './requests.ts'

let deployment: Deployment
let load: SteadyLoad
let began = 0

beforeAll(async () => {
  deployment = await deploy('split', { settings: { auth: { metrics: true } } })
  const headers = {
    authorization: basic(deployment.population.web),
    'content-type': 'application/x-www-form-urlencoded',
  }
  load = startLoad(deployment.issuer, { path: '/oauth/token', headers, body: 'grant_type=client_credentials' }, 60)
})
afterAll(async () => {
  await load?.stop()
  await deployment?.stop()
})

/** The process that the supervisor keeps running; throws between two. */
function decider(): number {
  const supervisor = deployment.policyService.process.pid
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim()
  if (!/^\d+$/.test(children)) throw new Error(`the supervisor runs ${children || 'nothing'}`)
  return Number(children)
}
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${deployment.issuer}/metrics`)).text()
  return Number(new RegExp(`^${name}\\{[^}]*name="policy"[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1])
}
const since = () => load.answers.slice(began)
const areIssued = (count: number) => async () =>
  load.answers.length >= began + count && load.answers.slice(-count).every(({ status }) => status === 200)

describe('under load', () => {
  test.each(['SIGKILL', 'SIGSTOP'] as const)('%s: 503 from an open breaker, then tokens again', async (signal) => {
    began = load.answers.length
    await until(areIssued(20), 'tokens are issued')
    const [opened, rejected] = [
      await metric('policy_breaker_opened_total'),
      await metric('policy_breaker_rejected_total'),
    ]
    began = load.answers.length
    const pid = decider()
    process.kill(pid, signal)
    await until(async () => (await metric('policy_breaker_opened_total')) > opened, 'the breaker opens')
    await until(
      async () => (await metric('policy_breaker_rejected_total')) > rejected + 10,
      'questions are turned away',
    )
    await until(areIssued(30), 'tokens are issued again', 60_000)
    expect(decider()).not.toBe(pid)
    expect(await metric('policy_breaker_state')).toBe(0)
    const answers = since()
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
    const refused = answers.filter(({ status }) => status === 503).map(({ text }) => JSON.parse(text).error)
    expect(new Set(refused)).toEqual(new Set(['temporarily_unavailable']))
  })
})
