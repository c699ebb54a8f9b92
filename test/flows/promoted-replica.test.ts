/**
 * A replica promoted while two nodes serve (one Redis with AUTH, TLS and a sentinel): both go on by themselves, and what is undone is
 * what the table of docs/configuration.md states, no more. The replica is made to lag, so that there is something to lose.
 * RFC 6749 4.1.2, RFC 9449 11.1, RFC 9700 4.14; checklist 51.
 */
import { expect, onTestFinished, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { until } from '../servers/until.ts'
import { deployWatched, fallBehind, promote, type Watched } from './failover.ts'
import { type Done, FAMILIES, type Family, Load } from './failover-load.ts'
import { begin, discover } from './relying-party.ts'
import { isActive } from './requests.ts'

const NODES = [0, 1] as const

/** Some at once, in turn. */
async function each<T, R>(items: readonly T[], ask: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const answers: R[] = []
  for (let from = 0; from < items.length; from += 20)
    answers.push(...(await Promise.all(items.slice(from, from + 20).map((item, index) => ask(item, from + index)))))
  return answers
}

/** What of it could be done again, each shown to the other node than the one before. */
async function undoneOf(done: readonly Done[]): Promise<Done[]> {
  const statuses = await each(done, async (use, index) => (await use.again(index)).status)
  return done.filter((_, index) => statuses[index] === 200)
}

/** Newest first, until one is good: how many rotations the family has lost; undefined where none is good. */
async function rotationsLost(load: Load, { refreshTokens }: Family): Promise<number | undefined> {
  for (const [lost, token] of refreshTokens.toReversed().entries()) {
    const { status, body } = await load.refresh(lost, token)
    if (status === 200) return lost
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
  }
  return undefined
}

/** In a row: word of the new primary ends the connections once more, after some had found it by themselves. */
const SERVED_IN_A_ROW = 20

/** Both nodes, without a restart: milliseconds until each has answered a request that must be confirmed. */
async function goesOn(load: Load, sinceMs: number): Promise<number[]> {
  return Promise.all(
    NODES.map(async (node) => {
      let [served, firstMs] = [0, 0]
      const serves = async () => {
        served = (await (await load.prove(node)).asking).status === 200 ? served + 1 : 0
        firstMs ||= served && Math.round(performance.now() - sinceMs)
        return served === SERVED_IN_A_ROW
      }
      await until(serves, `node ${node} goes on`)
      return firstMs
    }),
  )
}

/** A code flow whose pages one node serves and whose token the other one gives, by the session that was there before. */
async function signedInStill(at: Watched, load: Load, browser: Browser): Promise<void> {
  const { issuer, population } = at.deployment
  for (const node of NODES) {
    browser.move((url) => url.replace(issuer, at.nodes[node]))
    const { url, verifier } = await begin(await discover(issuer, population.web), 'openid')
    const { left } = await browser.visit(url)
    const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
    const code = left?.searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
    expect((await load.atToken(1 - node, form)).status).toBe(200)
  }
}

const activeOn = async (at: Watched, token: string): Promise<unknown[]> =>
  Promise.all(at.nodes.map((issuer) => isActive({ issuer, population: at.deployment.population }, token)))

async function failOver(replicas: 0 | 1) {
  const at = await deployWatched(replicas)
  onTestFinished(() => at.stop())
  const load = new Load(at)
  const browser = new Browser(at.deployment.issuer)
  const signIn = await begin(await discover(at.deployment.issuer, at.deployment.population.web), 'openid')
  await browser.authorize(signIn.url, at.deployment.population.user)
  const revokedBefore = await load.family()
  const revokedInLag = await load.family()
  const kept = await load.family()
  await load.begin()
  await until(async () => load.codes.length >= 10 && load.proofs.length >= 100, 'work is done on both nodes')
  expect((await load.revoke(load.next(), revokedBefore.refreshTokens[0] ?? '')).status).toBe(200)
  const codesInHand = await Promise.all([load.code(), load.code(), load.code()])

  const behind = await fallBehind(at)
  await Promise.all(codesInHand.map((form) => load.redeem(form)))
  const revocation = await load.revoke(load.next(), revokedInLag.refreshTokens[0] ?? '')
  await until(async () => (replicas === 0 ? load.since(behind.atMs) : load.refusals()) >= 20, 'work in the lag')
  const killedAtMs = performance.now()
  await at.primary.kill()
  // So that nobody shows the promoted one a token that it never heard of.
  await until(async () => load.families.every(({ unsure }) => unsure), 'all rotations are refused')
  await promote(at)
  const wentOnMs = await goesOn(load, killedAtMs)
  await load.end()
  return { at, load, browser, behind, killedAtMs, wentOnMs, revokedBefore, revokedInLag, revocation, kept }
}

type Failed = Awaited<ReturnType<typeof failOver>>

/** What was answered before the lag is there on both nodes: tokens, sessions, revocations. Answers how many tokens were asked for. */
async function nothingElseIsLost({ at, load, browser, behind, revokedBefore, kept }: Failed): Promise<number> {
  const given = [...load.codes, ...load.proofs].filter(({ atMs }) => atMs < behind.atMs)
  const rotated = load.families.flatMap(({ accessTokens }) => accessTokens).filter(({ atMs }) => atMs < behind.atMs)
  const tokens = [...given.map(({ accessToken }) => accessToken), ...rotated.map(({ token }) => token)]
  const active = await each(tokens, (token) => activeOn(at, token))
  expect(active).toEqual(tokens.map(() => [true, true]))
  const [{ token: ended = '' } = {}] = revokedBefore.accessTokens
  expect(await activeOn(at, ended)).toEqual([false, false])
  expect((await load.refresh(0, revokedBefore.refreshTokens[0] ?? '')).status).toBe(400)
  expect((await load.refresh(1, kept.refreshTokens[0] ?? '')).status).toBe(200)
  await signedInStill(at, load, browser)
  return tokens.length
}

/** Shows again all that was spent. */
async function undoneBy({ load, behind, killedAtMs }: Failed) {
  const lost = await Promise.all(load.families.map((family) => rotationsLost(load, family)))
  const codes = await undoneOf(load.codes)
  const proofs = await undoneOf(load.proofs)
  const rotations = lost.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  const times = [...codes, ...proofs].map(({ atMs }) => atMs)
  for (const [index, count] of lost.entries())
    for (const { atMs } of count ? (load.families[index]?.accessTokens.slice(-count) ?? []) : []) times.push(atMs)
  const lagMs = Math.round(killedAtMs - behind.atMs)
  return { codes: codes.length, proofs: proofs.length, rotations, lost, times, lagMs }
}

function tell(replicas: number, { load, wentOnMs }: Failed, undone: Awaited<ReturnType<typeof undoneBy>>): void {
  const rotated = load.families.reduce((sum, { accessTokens }) => sum + accessTokens.length - 1, 0)
  console.log(
    `replicas: ${replicas}, promoted with ${undone.lagMs} ms of lag: undone ${undone.codes} of ${load.codes.length} codes, ` +
      `${undone.proofs} of ${load.proofs.length} proofs, ${undone.rotations} of ${rotated} rotations; ` +
      `${load.codesLost} codes lost before their use; not answered as done ${JSON.stringify(load.others)}; the nodes went on after ${wentOnMs.join(' and ')} ms`,
  )
}

test('with replicas: 1 two nodes go on by themselves at a promoted replica, and nothing that was answered as done is undone (docs/configuration.md; checklist 51)', async () => {
  const run = await failOver(1)
  expect(run.revocation.status).toBe(503)
  const asked = await nothingElseIsLost(run)
  expect(asked).toBeGreaterThan(100)
  const undone = await undoneBy(run)
  tell(1, run, undone)
  expect([undone.codes, undone.proofs, undone.rotations]).toEqual([0, 0, 0])
  // What was not confirmed was told so, and nobody was refused but for codes that were given in the lag.
  expect(Object.keys(run.load.others)).toEqual(['503'])
})

test('with replicas: 0 a promoted replica undoes what was answered while it lagged, and nothing before (docs/configuration.md; checklist 51)', async () => {
  const run = await failOver(0)
  expect(run.revocation.status).toBe(200)
  const asked = await nothingElseIsLost(run)
  expect(asked).toBeGreaterThan(100)
  const undone = await undoneBy(run)
  tell(0, run, undone)
  expect(Object.keys(run.load.others)).toEqual(['503'])
  expect(undone.lost).toHaveLength(FAMILIES)
  expect(undone.lost).not.toContain(undefined)
  expect(undone.times.length).toBeGreaterThan(0)
  for (const atMs of undone.times) expect(atMs).toBeGreaterThanOrEqual(run.behind.atMs)
  // The revocation of that moment must be repeated, and is then heard by both.
  const [{ token = '' } = {}] = run.revokedInLag.accessTokens
  expect(await activeOn(run.at, token)).toEqual([true, true])
  expect((await run.load.revoke(1, run.revokedInLag.refreshTokens[0] ?? '')).status).toBe(200)
  expect(await activeOn(run.at, token)).toEqual([false, false])
})
