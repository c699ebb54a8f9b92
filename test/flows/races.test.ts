/**
 * Codes and refresh tokens are good once, also for two nodes on one store, and while Redis dies and comes back; reuse ends
 * the family, a rotation in flight too. RFC 6749 4.1.2, RFC 9700 4.14. On real processes. SCALE 1: ten rounds, five deaths.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { revisionIn } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, codeFor, post, tokensFor } from './requests.ts'
import { type Kept, startTraffic } from './traffic.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const ROUNDS = Math.max(1, Math.round(10 * SCALE))
const DEATHS = Math.max(2, Math.round(5 * SCALE))
const PARALLEL = 50
const SCOPE = 'openid offline_access orders:read'

/**
 * Tokens are spent twice here by the hundred: the shipped `threat` would end the session of whoever does that, and `token` give their
 * client no further refresh token.
 */
async function letReusePass(deployment: Deployment): Promise<void> {
  const policies = copyPolicies()
  policies.edit({ file: 'authz/threat.rego', from: '"actions": sort(actions)', to: '"actions": ["none"]' })
  policies.edit({ file: 'authz/token.rego', from: 'threat.leaking(input.risk)', to: 'threat.lure(input.risk)' })
  const files = await policies.compile().finally(() => policies.remove())
  await deployment.bundle.publish(files)
  const everywhere = async () => {
    const { nodes } = await deployment.status()
    return nodes.length > 0 && nodes.every(({ revision }) => revision === revisionIn(files))
  }
  await until(everywhere, 'the policies that let reuse pass are active')
}

describe.each(['one-process', 'redis'] as const)('%s', (shape) => {
  let deployment: Deployment
  /** Where requests go, in turn. */
  let nodes: readonly string[]
  let audits: () => Record<string, unknown>[]

  beforeAll(async () => {
    deployment = await deploy(shape, { redis: { appendOnly: true } })
    await letReusePass(deployment)
    const further = shape === 'redis' ? await startFurtherNode(deployment) : undefined
    nodes = [deployment.issuer, ...(further ? [further.address] : [])]
    audits = () => [...deployment.audits(), ...(further?.audits() ?? [])]
  })
  afterAll(() => deployment?.stop())

  const node = (index: number) => ({ issuer: nodes[index % nodes.length] ?? '' })
  const atToken = (index: number, form: Readonly<Record<string, string>>) =>
    post(node(index), '/oauth/token', deployment.population.web, form)
  const refresh = (index: number, token: unknown) =>
    atToken(index, { grant_type: 'refresh_token', refresh_token: String(token) })
  const isActive = async (token: unknown): Promise<unknown[]> => {
    const { resourceServer } = deployment.population
    const asked = nodes.map((issuer) => post({ issuer }, '/oauth/introspect', resourceServer, { token: String(token) }))
    return (await Promise.all(asked)).map(({ body }) => body.active)
  }
  const onAll = (value: boolean) => nodes.map(() => value)
  const grantOf = (token: unknown) => String(token).split('.')[0]
  const eventsOf = (event: string, refreshToken: unknown) =>
    audits().filter((audit) => audit.event === event && audit.grant_id === grantOf(refreshToken))

  /** The one that succeeded. */
  function onlyWinner(answers: readonly Answer[]): Answer['body'] {
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    for (const { status, body } of answers.filter((answer) => !won.includes(answer)))
      expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' })
    return won[0]?.body ?? {}
  }
  async function familyHasEnded(tokens: readonly Answer['body'][], event: string): Promise<void> {
    for (const { access_token } of tokens) expect(await isActive(access_token)).toEqual(onAll(false))
    for (const { refresh_token } of tokens) expect((await refresh(0, refresh_token)).body.error).toBe('invalid_grant')
    const [{ refresh_token } = {}] = tokens
    for (const name of [event, 'grant_revoked']) expect(eventsOf(name, refresh_token).length).toBeGreaterThan(0)
  }

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'of 50 parallel redemptions of one code one succeeds, and its tokens end (round %i)',
    async () => {
      const { form } = await codeFor(deployment, deployment.population.web, SCOPE)
      const answers = await Promise.all(Array.from({ length: PARALLEL }, (_, index) => atToken(index, form)))
      await familyHasEnded([onlyWinner(answers)], 'code_reuse')
    },
  )

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'of 50 authorizations that end with one pushed request at once one has a code (RFC 9126 4; checklist 13; round %i)',
    async () => {
      const { web, user } = deployment.population
      const browser = new Browser(deployment.issuer)
      const begun = await begin(await discover(deployment.issuer, web), SCOPE)
      await browser.authorize(begun.url, user)
      const form = Object.fromEntries(new URL(begun.url).searchParams)
      const { body } = await post(node(1), '/oauth/par', web, form)
      const query = new URLSearchParams({ client_id: web.id, request_uri: String(body.request_uri) })
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answers = await Promise.all(
        Array.from({ length: PARALLEL }, (_, index) =>
          fetch(`${node(index).issuer}/oauth/authorize?${query}`, { headers: { cookie }, redirect: 'manual' }),
        ),
      )
      const codes = answers.filter(({ headers }) => headers.get('location')?.includes('code='))
      expect(codes).toHaveLength(1)
      for (const { status } of answers.filter((answer) => !codes.includes(answer))) expect(status).toBe(400)
    },
  )

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'of 50 parallel uses of one refresh token one succeeds, and the family ends (round %i)',
    async () => {
      const first = await tokensFor(deployment, deployment.population.web, SCOPE)
      expect(await isActive(first.access_token)).toEqual(onAll(true))
      const answers = await Promise.all(
        Array.from({ length: PARALLEL }, (_, index) => refresh(index, first.refresh_token)),
      )
      await familyHasEnded([first, onlyWinner(answers)], 'refresh_token_reuse')
    },
  )

  test.each([
    ['an old refresh token', 'refresh_token_reuse'],
    ['its code', 'code_reuse'],
  ])('a rotation in flight ends with the family when %s is used again', async (_what, event) => {
    for (let round = 0; round < 3 * ROUNDS; round++) {
      const { form } = await codeFor(deployment, deployment.population.web, SCOPE)
      const family = [(await atToken(0, form)).body]
      const turning = Promise.withResolvers<void>()
      const rotations = (async () => {
        for (;;) {
          const { status, body } = await refresh(0, family.at(-1)?.refresh_token)
          if (status !== 200) return { status, error: body.error }
          family.push(body)
          if (family.length === 2 + round) turning.resolve()
        }
      })()
      await turning.promise
      const reused = event === 'code_reuse' ? atToken(1, form) : refresh(1, family[0]?.refresh_token)
      expect((await reused).body.error).toBe('invalid_grant')
      const known = [...family]
      for (const { access_token } of known) expect(await isActive(access_token)).toEqual(onAll(false))
      expect(await rotations).toEqual({ status: 400, error: 'invalid_grant' })
      await familyHasEnded(family, event)
    }
  })

  if (shape === 'one-process') return

  test('Redis killed and started again under load: never two successes, never a wrong answer, and all goes on', async () => {
    const { redis, population } = deployment
    if (redis === undefined) throw new Error('no Redis')
    const live = await tokensFor(deployment, population.web, SCOPE)
    const traffic = await startTraffic(deployment, { nodes, workers: 2, liveToken: String(live.access_token) })
    const since = (moment: number) => traffic.kept.filter(({ began }) => began > moment)
    const all = ['authorize', 'redeem', 'code', 'refresh', 'introspect'] as const
    const downs: { from: number; to: number }[] = []
    const successes = (kind: Kept['what'], moment: number) =>
      since(moment).filter(({ what, status }) => what === kind && status === 200).length
    const allSucceed = (moment: number, what: string) =>
      until(async () => all.every((kind) => successes(kind, moment) >= 3), what)
    try {
      for (let death = 0; death < DEATHS; death++) {
        await allSucceed(performance.now(), 'everything succeeds')
        await redis.kill()
        const from = performance.now()
        await until(async () => since(from).filter(({ status }) => status === 503).length > 20, 'the outage is seen')
        downs.push({ from, to: performance.now() })
        await redis.restart()
      }
      await allSucceed(performance.now(), 'everything succeeds again')
    } finally {
      await traffic.stop()
    }
    const wrong = traffic.kept.filter((kept) => !isRight(kept))
    expect(wrong).toEqual([])
    for (const { from, to } of downs)
      expect(since(from).filter(({ ended, status }) => ended < to && status === 200)).toEqual([])
    expect(
      traffic.spendings.filter(({ answers }) => answers.some(({ status }) => status === 200)).length,
    ).toBeGreaterThan(3)
    for (const { answers } of traffic.spendings) {
      const won = answers.filter(({ status }) => status === 200)
      const unknown = answers.some(({ status }) => status === 503)
      expect(won.length).toBeLessThanOrEqual(1)
      if (!unknown) expect(won).toHaveLength(1)
      const reused = answers.some(({ status }) => status === 400)
      if (won[0] && reused) expect(await isActive(won[0].body.access_token)).toEqual(onAll(false))
    }
    expect(await isActive(live.access_token)).toEqual(onAll(true))
    expect((await refresh(1, live.refresh_token)).status).toBe(200)
    expect(deployment.auth.process.exitCode).toBeNull()
  })
})

/** A success, a refusal of what was spent, or unavailable; what is live is never called anything else. */
function isRight({ what, status, body }: Kept): boolean {
  if (status === 503) return true
  if (what === 'introspect') return status === 200 && body.active === true
  if (what === 'authorize' || what === 'redeem') return status === 200
  return status === 200 || (status === 400 && body.error === 'invalid_grant')
}
