/** A running service under three bundles, two of which others build and edit: one of rules and data, one of data alone. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { type BundleDesk, KEY_ID, openBundleDesk } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { until } from '../servers/until.ts'
import { post } from './requests.ts'

let folder: string
let shop: BundleDesk
let rates: BundleDesk
let deployment: Deployment

/** What another team builds with OPA's own command. */
async function shopFiles(revision: string, surcharge: number, root = 'shop'): Promise<BundleFiles> {
  const rate = root === 'rates' ? '2' : 'data.rates[input.country]'
  const source = mkdtempSync(join(folder, 'shop-'))
  mkdirSync(join(source, 's'))
  const rego = `package ${root}\n\nquote := {"base": data.${root}.base, "total": data.${root}.base * ${rate} + ${surcharge}}\n`
  writeFileSync(join(source, 's/rules.rego'), rego)
  writeFileSync(join(source, 's/data.json'), JSON.stringify({ [root]: { base: 10 } }))
  writeFileSync(join(source, 's/.manifest'), JSON.stringify({ roots: [root] }))
  const words = ['build', '-t', 'wasm', '-r', revision, '-e', `${root}/quote`, '-b', 's', '-o', 'out.tar.gz']
  const { status, stderr } = spawnSync(resolve('.toolchain/opa'), words, { cwd: source, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return readArchive(readFileSync(join(source, 'out.tar.gz')))
}

const ratesFiles = (revision: string, uk: number, root = 'rates'): BundleFiles =>
  new Map([
    ['.manifest', Buffer.from(JSON.stringify({ revision, roots: [root] }))],
    ['data.json', Buffer.from(JSON.stringify({ [root]: { uk } }))],
  ])

const source = (name: string, desk: BundleDesk) => ({
  name,
  path: desk.path,
  keys: [{ id: KEY_ID, key_file: desk.publicKeyFile, algorithm: 'ES256' }],
  minimum_version: 1,
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'several-bundles-'))
  const desk = (name: string): BundleDesk => {
    mkdirSync(join(folder, name))
    return openBundleDesk(join(folder, name))
  }
  shop = desk('shop')
  rates = desk('rates')
  await shop.publish(await shopFiles('shop-1', 1))
  await rates.publish(ratesFiles('rates-1', 2))
  deployment = await deploy('one-process', {
    settings: { policy: { bundles: [source('shop', shop), source('rates', rates)] } },
  })
})
afterAll(async () => {
  await deployment?.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Quoted {
  readonly result?: { readonly base: number; readonly total: number }
  readonly provenance: { readonly bundles: Record<string, { readonly revision: string }> }
}
async function quote(): Promise<Quoted> {
  const answer = await deployment.askPolicy('/v1/data/shop/quote?provenance', {
    method: 'POST',
    body: JSON.stringify({ input: { country: 'uk' } }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Quoted
}
const base = async (path: string): Promise<unknown> => {
  const answer = (await (await deployment.askPolicy(`/v1/data/${path}`)).json()) as { result?: unknown }
  return answer.result
}
const revisions = async () => (await deployment.status()).nodes.map(({ node, bundles }) => ({ node, bundles }))

describe('several bundles', () => {
  test('answer by whose root a path lies under, and each answer names them all', async () => {
    const { result, provenance } = await quote()
    expect(result).toEqual({ base: 10, total: 21 })
    expect(Object.keys(provenance.bundles)).toEqual(['sallyport', 'shop', 'rates'])
    expect(provenance.bundles).toMatchObject({ shop: { revision: 'shop-1' }, rates: { revision: 'rates-1' } })
    expect(await base('rates')).toEqual({ uk: 2 })
    expect(await base('shop/base')).toBe(10)
    expect(await base('')).toMatchObject({ rates: { uk: 2 }, shop: { base: 10 }, rbac: {} })
    const { bundles, plugins } = await deployment.status()
    expect(bundles).toMatchObject({ shop: { active_revision: 'shop-1' }, rates: { active_revision: 'rates-1' } })
    expect(plugins).toMatchObject({ bundle: { state: 'OK' } })
  })

  test('the thread of the auth service loads the platform bundle alone', async () => {
    const loaded = Object.fromEntries(
      (await revisions()).map(({ node, bundles }) => [node, Object.keys(bundles ?? {})]),
    )
    expect(loaded).toEqual({ auth: ['sallyport'], api: ['sallyport', 'shop', 'rates'] })
  })

  test('are edited live, and no answer mixes what was never active together', async () => {
    const rules = new Map<string, number>([['shop-1', 1]])
    const data = new Map<string, number>([['rates-1', 2]])
    let over = false
    const answers: Quoted[] = []
    const caller = (async () => {
      while (!over) answers.push(await quote())
    })()
    for (let edit = 2; edit <= 6; edit++) {
      rules.set(`shop-${edit}`, edit)
      data.set(`rates-${edit}`, edit * 10)
      await shop.publish(await shopFiles(`shop-${edit}`, edit))
      await rates.publish(ratesFiles(`rates-${edit}`, edit * 10), edit % 2 === 0 ? 'in place' : 'rename')
      await until(
        async () => {
          const { provenance } = await quote()
          return (
            provenance.bundles.shop?.revision === `shop-${edit}` &&
            provenance.bundles.rates?.revision === `rates-${edit}`
          )
        },
        `edit ${edit} is active`,
        30_000,
      )
    }
    over = true
    await caller
    for (const { result, provenance } of answers) {
      const { shop: rule, rates: rate } = provenance.bundles
      const expected = 10 * (data.get(rate?.revision ?? '') ?? NaN) + (rules.get(rule?.revision ?? '') ?? NaN)
      expect(result?.total).toBe(expected)
    }
    expect(new Set(answers.map(({ provenance }) => provenance.bundles.shop?.revision)).size).toBeGreaterThan(1)
  })

  test("that claim the platform's roots, or another's, are refused by name; the rest decides on", async () => {
    const status = async () => (await deployment.status()).bundles.shop
    for (const [revision, root, named] of [
      ['shop-7', 'authz', 'sallyport'],
      ['shop-8', 'rates', 'rates'],
    ] as const) {
      await shop.publish(await shopFiles(revision, 0, root))
      await until(
        async () => (await status())?.message?.includes(`"${root}"`) === true,
        `${revision} is refused`,
        30_000,
      )
      const { code, message, active_revision } = (await status()) ?? {}
      expect({ code, active_revision }).toEqual({ code: 'roots_conflict', active_revision: 'shop-6' })
      expect(message).toMatch(new RegExp(`shop.*${named}|${named}.*shop`))
      expect(deployment.policyService.said).toContain(message?.replaceAll('"', '\\"'))
    }
    expect((await quote()).result).toEqual({ base: 10, total: 606 })
    const token = await post(deployment, '/oauth/token', deployment.population.web, {
      grant_type: 'client_credentials',
    })
    expect(token.status).toBe(200)
  })

  test('that were refused for a root are tried again when its owner gives it up', async () => {
    expect((await deployment.status()).bundles.shop).toMatchObject({
      code: 'roots_conflict',
      active_revision: 'shop-6',
    })
    await rates.publish(ratesFiles('rates-9', 2, 'exchange'))
    await until(
      async () => (await deployment.status()).bundles.shop?.active_revision === 'shop-8',
      'there is room',
      30_000,
    )
    const { result } = (await (await deployment.askPolicy('/v1/data/rates/quote')).json()) as { result?: unknown }
    expect(result).toEqual({ base: 10, total: 20 })
    expect(await base('exchange')).toEqual({ uk: 2 })
  })

  test('are all named in the decision log', () => {
    const named = deployment
      .decisions()
      .filter(({ path }) => path === 'shop/quote')
      .map(({ bundles }) => Object.keys(bundles as object))
    expect(named.length).toBeGreaterThan(0)
    expect(new Set(named.map(String))).toEqual(new Set(['sallyport,shop,rates']))
  })
})
