/** What is not a fit bundle is refused with its reason, in status, log and metrics; what was active serves on, wherever it decides. */
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import type { BundleStatus } from '../../src/policy-engine/status.ts'
import { committedBundle, revisionIn, type WayToWrite } from '../servers/bundle-desk.ts'
import { type Deployment, deploy, type Shape } from '../servers/deployment.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { until } from '../servers/until.ts'
import { post } from './requests.ts'
import { type Good, LIMIT_BYTES, UNFIT } from './unfit-bundles.ts'

let deployment: Deployment
let good: Good
let old: string

async function begin(shape: Shape): Promise<void> {
  const committed = await committedBundle()
  deployment = await deploy(shape, { settings: { limits: { bundle_bytes: LIMIT_BYTES } } })
  const desk = deployment.bundle
  // Leaves room below it for an older one, though still above the configured minimum.
  desk.write(await desk.sign(committed, 10))
  await until(async () => (await bundleStatus()).version === 10, 'version 10 is active')
  old = revisionIn(committed)
  good = { desk, files: await edited(), privateKey: readFileSync(desk.privateKeyFile, 'utf8'), nextVersion: 11 }
}

/** Lets every token live for 77 seconds, which tells when it was taken. */
async function edited(): Promise<BundleFiles> {
  const policies = copyPolicies()
  try {
    policies.edit({
      file: 'authz/token.rego',
      from: /access_token_ttl_seconds := \d+/,
      to: 'access_token_ttl_seconds := 77',
    })
    return await policies.compile()
  } finally {
    policies.remove()
  }
}

async function bundleStatus(): Promise<Partial<BundleStatus>> {
  const { bundles } = await deployment.status()
  return bundles.sallyport ?? {}
}

/** What is answered now: tokens by OAuth, data by the policy API, and what every deciding thread says of itself. */
async function serving() {
  const { web } = deployment.population
  const token = await post(deployment, '/oauth/token', web, { grant_type: 'client_credentials' })
  const data = await deployment.askPolicy('/v1/data/rbac/acr')
  const { nodes } = await deployment.status()
  const named = [token.headers.get('sallyport-revision'), data.headers.get('sallyport-revision')]
  const revisions = new Set([...named, ...nodes.map(({ revision }) => revision)])
  return { lifetime: token.body.expires_in, revisions: [...revisions], status: data.status }
}

const logged = () =>
  deployment.policyService.said
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ msg }) => msg === 'bundle refused')

async function failures(code: string): Promise<number> {
  const text = await (await deployment.askPolicy('/metrics')).text()
  const line = text
    .split('\n')
    .find((row) => row.startsWith('bundle_failed_load_counter{') && row.includes(`"${code}"`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

async function isRefused(code: string, write: () => void): Promise<void> {
  const before = {
    time: (await bundleStatus()).last_refusal?.time,
    lines: logged().length,
    count: await failures(code),
  }
  write()
  const refused = async () => {
    const { last_refusal: last, code: now } = await bundleStatus()
    return now === code && last?.code === code && last.time !== before.time
  }
  await until(refused, `refused as ${code}; status is ${JSON.stringify(await bundleStatus())}`)
  await until(async () => logged().slice(before.lines).at(-1)?.refusal === code, `the log says ${code}`)
  expect(await failures(code)).toBeGreaterThan(before.count)
  const { active_revision, version, message } = await bundleStatus()
  expect({ active_revision, version }).toEqual({ active_revision: old, version: 10 })
  expect(message).toMatch(/\w/)
  expect(await serving()).toEqual({ lifetime: 300, revisions: [old], status: 200 })
}

const ways: readonly WayToWrite[] = ['rename', 'in place']

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  beforeAll(() => begin(shape))
  afterAll(() => deployment?.stop())

  test.each(UNFIT.map(([name, code, make], at) => ({ name, code, make, way: ways[at % 2] ?? 'rename' })))(
    'a bundle $name is refused: $code',
    async ({ code, make, way }) => {
      const bytes = await make(good)
      await isRefused(code, () => good.desk.write(bytes, way))
    },
  )

  test('a bundle that is taken away is unreadable, and what was active serves on', async () => {
    await isRefused('unreadable', () => rmSync(good.desk.path))
  })

  test('after all of them a fit one is taken, and status is well again', async () => {
    const revision = revisionIn(good.files)
    good.desk.write(await good.desk.sign(good.files, 11))
    const follows = async () => (await serving()).revisions.every((one) => one === revision)
    await until(follows, 'the new bundle is active')
    expect(await serving()).toMatchObject({ lifetime: 77, status: 200 })
    const { code, message, last_refusal: last } = await bundleStatus()
    expect([code, message, last?.code]).toEqual([undefined, undefined, 'unreadable'])
  })

  test('after a restart an older one is still refused: nothing decides until a fit one is there', async () => {
    const words = ['serve', ...(shape === 'split' ? ['policy'] : [])]
    await deployment.policyService.stop()
    good.desk.write(await good.desk.sign(await committedBundle(), 10))
    const restarted = deployment.run(...words)
    await restarted.says(/ready in \d+ ms/)
    await restarted.says(/"refusal":"older_version"/)

    const { web } = deployment.population
    const ask = () => post(deployment, '/oauth/token', web, { grant_type: 'client_credentials' })
    expect((await ask()).status).toBe(503)
    expect((await deployment.askPolicy('/v1/data/rbac/acr')).status).toBe(503)
    expect((await deployment.askPolicy('/health')).status).toBe(500)
    expect((await fetch(`${deployment.issuer}/health`)).status).toBe(503)

    await good.desk.publish(good.files)
    await until(async () => (await ask()).body.expires_in === 77, 'a fit bundle decides')
    expect((await fetch(`${deployment.issuer}/health`)).status).toBe(200)
  })
})
