/**
 * The policy is edited while requests run, for /oauth/token and for the Data API: no request fails, and every answer is
 * that of the revision which it names. SCALE 1: 200 requests a second on each, 20 edits.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { committedBundle, revisionIn, type WayToWrite } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { copyPolicies, type PolicyFolder, type PolicyWatcher, watchPolicies } from '../servers/policy-folder.ts'
import { type LoadAnswer, type LoadRequest, type SteadyLoad, sendAround, startLoad } from '../servers/steady-load.ts'
import { until } from '../servers/until.ts'
import { basic } from './requests.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const PER_SECOND = Math.max(100, Math.round(200 * SCALE))
const EDITS = Math.max(4, Math.round(20 * SCALE))
const FIRST_LIFETIME = 300

const lifetimeEdit = (seconds: number) => ({
  file: 'authz/token.rego',
  from: /access_token_ttl_seconds := \d+/,
  to: `access_token_ttl_seconds := ${seconds}`,
})
/** Editors and deployments do both. */
const wayOf = (edit: number): WayToWrite => (edit % 2 === 0 ? 'rename' : 'in place')

const question = (now: Date) => ({
  tenant: 'default',
  grant_type: 'client_credentials',
  client: {
    client_id: 'someone',
    type: 'confidential',
    auth_method: 'client_secret_basic',
    active: true,
    first_party: false,
    requires: ['pkce'],
    grant_types: ['client_credentials'],
    scopes: ['orders:read'],
    audience: ['urn:sallyport:default'],
    resources: [],
    roles: ['service'],
  },
  requested: { scopes: [], resources: [] },
  request: {
    address: '127.0.0.1',
    time: { epoch_seconds: Math.floor(now.getTime() / 1000), minute_of_day: 600, weekday: 3 },
  },
})

/** What each kind of answer says the lifetime is; undefined where it is no success. */
const LIFETIME_IN = {
  token: (text: string): unknown => JSON.parse(text).expires_in,
  data: (text: string): unknown => JSON.parse(text).result?.obligations?.access_token_ttl_seconds,
}

interface Loads {
  readonly token: SteadyLoad
  readonly data: SteadyLoad
}

function requestsTo({ policyToken, population }: Deployment): Readonly<Record<keyof Loads, LoadRequest>> {
  const json = { 'content-type': 'application/json', ...(policyToken && { authorization: `Bearer ${policyToken}` }) }
  const form = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(population.web) }
  const body = JSON.stringify({ input: question(new Date()) })
  return {
    token: { path: '/oauth/token', headers: form, body: 'grant_type=client_credentials' },
    data: { path: '/v1/data/authz/token/decision', headers: json, body },
  }
}

function startLoads(deployment: Deployment): Loads {
  const { token, data } = requestsTo(deployment)
  return {
    token: startLoad(deployment.issuer, token, PER_SECOND),
    data: startLoad(deployment.policy, data, PER_SECOND),
  }
}

/** Both are answered under this revision. */
const followed = (loads: Loads, revision: string, what: string) =>
  until(async () => Object.values(loads).every((load) => load.answers.at(-1)?.revision === revision), what, 60_000)

/** No failure, and under each revision the lifetime that its policy states. */
async function settle(loads: Loads, lifetimes: ReadonlyMap<string, number>): Promise<void> {
  for (const [kind, lifetimeIn] of Object.entries(LIFETIME_IN)) {
    const load = kind === 'token' ? loads.token : loads.data
    const sent = await load.stop()
    const wrong = (answer: LoadAnswer) =>
      answer.status !== 200 || lifetimeIn(answer.text) !== (lifetimes.get(answer.revision) ?? 'none')
    expect([kind, load.answers.filter(wrong)]).toEqual([kind, []])
    expect([kind, load.answers.length]).toEqual([kind, sent])
    expect(new Set(load.answers.map(({ revision }) => revision))).toEqual(new Set(lifetimes.keys()))
  }
}

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await deploy(shape)
  })
  afterAll(() => deployment?.stop())

  test(`${EDITS} new bundles, by rename and in place, under ${PER_SECOND} requests a second on each address`, async () => {
    const bundles = await compileWith([501, 502])
    const committed = await committedBundle()
    const loads = startLoads(deployment)
    await followed(loads, revisionIn(committed), 'both answer')
    for (let edit = 0; edit < EDITS; edit += 1) {
      const files = bundles[edit % 2] ?? committed
      await deployment.bundle.publish(files, wayOf(Math.floor(edit / 2)))
      await followed(loads, revisionIn(files), `bundle ${edit + 1} of ${EDITS} decides`)
    }
    const lifetimes = new Map([[revisionIn(committed), FIRST_LIFETIME]])
    for (const [at, files] of bundles.entries()) lifetimes.set(revisionIn(files), 501 + at)
    await settle(loads, lifetimes)
  })

  test('a request whose head came before the new bundle and whose body after is judged by that one, and names it', async () => {
    const [files] = await compileWith([701])
    const committed = await committedBundle()
    const { token, data } = requestsTo(deployment)
    for (const [origin, request, lifetimeIn] of [
      [deployment.issuer, token, LIFETIME_IN.token],
      [deployment.policy, data, LIFETIME_IN.data],
    ] as const) {
      await activate(deployment, committed)
      const answer = await sendAround(origin, request, () => activate(deployment, files ?? committed))
      expect([answer.status, answer.revision]).toEqual([200, revisionIn(files ?? committed)])
      expect(lifetimeIn(answer.text)).toBe(701)
    }
  })
})

/** On every thread that decides. */
async function activate(deployment: Deployment, files: BundleFiles): Promise<void> {
  await deployment.bundle.publish(files)
  const everywhere = async () =>
    (await deployment.status()).nodes.every(({ revision }) => revision === revisionIn(files))
  await until(everywhere, 'the bundle is active')
}

async function compileWith(lifetimes: readonly number[]): Promise<BundleFiles[]> {
  const policies = copyPolicies()
  try {
    const compiled: BundleFiles[] = []
    for (const seconds of lifetimes) {
      policies.edit(lifetimeEdit(seconds))
      compiled.push(await policies.compile())
    }
    return compiled
  } finally {
    policies.remove()
  }
}

describe('under the watcher of make run', () => {
  let deployment: Deployment
  let policies: PolicyFolder
  let watcher: PolicyWatcher

  beforeAll(async () => {
    policies = copyPolicies()
    deployment = await deploy('one-process')
    watcher = await watchPolicies(policies, deployment.bundle)
  })
  afterAll(async () => {
    await watcher?.stop()
    await deployment?.stop()
    policies?.remove()
  })

  test(`${EDITS} saves of token.rego, by rename and in place, under ${PER_SECOND} requests a second on each address`, async () => {
    const lifetimes = new Map([[revisionIn(await committedBundle()), FIRST_LIFETIME]])
    const loads = startLoads(deployment)
    for (let edit = 0; edit < EDITS; edit += 1) {
      const seconds = 601 + edit
      policies.edit(lifetimeEdit(seconds), wayOf(edit))
      const tokenFollows = async () => LIFETIME_IN.token(loads.token.answers.at(-1)?.text ?? '{}') === seconds
      await until(tokenFollows, `the token follows save ${edit + 1} of ${EDITS}`, 60_000)
      const revision = revisionIn(await readArchive(readFileSync(deployment.bundle.path)))
      lifetimes.set(revision, seconds)
      await followed(loads, revision, `the Data API follows save ${edit + 1} of ${EDITS}`)
    }
    expect(lifetimes.size).toBe(EDITS + 1)
    await settle(loads, lifetimes)
  })
})
