/** A deciding node under several bundles: who answers what, who sees what, and that they change as one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMetrics } from '../../observability/metrics.ts'
import { prepareSet } from '../bundle/all-data.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, type FixtureSource, SMALL, signFixture } from '../bundle/bundle-fixture.ts'
import { MANIFEST } from '../bundle/digest.ts'
import { loadBundle } from '../bundle/load.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import type { BundleSet, VerifiedBundle } from '../engine.ts'
import { createDataNode, type DataNode } from './data-node.ts'

const load = async (files: ReadonlyMap<string, Uint8Array>, name: string, version: number): Promise<VerifiedBundle> =>
  loadBundle(await writeArchive(signFixture(files, version)), {
    name,
    keys: FIXTURE_KEYS,
    minimumVersion: 0,
    requiredEntrypoints: name === 'sallyport' ? ['system/log/mask'] : [],
    isPlatform: name === 'sallyport',
  })

/** Written for OPA's server, not for ours: its own roots, its own entrypoints. */
const shop = (price: number): FixtureSource => ({
  roots: ['shop/rules', 'shop/prices'],
  entrypoints: ['shop/rules/quote', 'shop/rules/sees'],
  data: { shop: { prices: { tea: price } } },
  rego: {
    'shop/rules/rules.rego': `package shop.rules

quote := {"price": data.shop.prices[input.item], "rate": data.rates[input.country]}

sees := {"prices": data.shop.prices, "rates": data.rates, "answer": data.rbac.answer, "rules": [rule | rule := data.probe.echo]}
`,
  },
})
const rates = (rate: number): ReadonlyMap<string, Uint8Array> =>
  new Map([
    [MANIFEST, Buffer.from(JSON.stringify({ revision: `rates-${rate}`, roots: ['rates', 'shop/notes'] }))],
    ['data.json', Buffer.from(JSON.stringify({ rates: { uk: rate }, shop: { notes: ['fresh'] } }))],
  ])

let set: BundleSet
let other: BundleSet
let folder: string
let node: DataNode
beforeAll(async () => {
  set = prepareSet([
    await load(await buildFixture(SMALL), 'sallyport', 1),
    await load(await buildFixture(shop(3)), 'shop', 1),
    await load(rates(0.2), 'rates', 1),
  ])
  other = prepareSet([
    await load(await buildFixture({ ...SMALL, data: { rbac: { answer: 43 } } }), 'sallyport', 2),
    await load(await buildFixture(shop(5)), 'shop', 2),
    await load(rates(0.5), 'rates', 2),
  ])
})
const open = (onSlice: () => void = () => {}): DataNode => {
  const metrics = createMetrics('n')
  const log = openDecisionLog({ directory: folder, labels: { id: 'test', version: '0', node: 'n' }, metrics })
  return createDataNode({ name: 'n', log, metrics, onSlice }).node
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'several-'))
  node = open()
})
afterEach(async () => {
  await node.close()
  await rm(folder, { recursive: true })
})

const ask = async (path: string, input?: unknown): Promise<unknown> => {
  const { result } = await node.evaluate({ path: path === '' ? [] : path.split('/'), input })
  return result === undefined ? undefined : JSON.parse(result)
}

const nth = (of: BundleSet, at: number): VerifiedBundle => {
  const bundle = of[at]
  if (bundle === undefined) throw new Error('no such bundle')
  return bundle
}

describe('several bundles', () => {
  beforeEach(() => node.activate(set))

  it('answer each path by the bundle whose root holds it (OPA, "Multiple Sources of Policy and Data")', async () => {
    expect(await ask('shop/rules/quote', { item: 'tea', country: 'uk' })).toEqual({ price: 3, rate: 0.2 })
    expect(await ask('shop/prices/tea')).toBe(3)
    expect(await ask('rates/uk')).toBe(0.2)
    expect(await ask('shop/notes/0')).toBe('fresh')
    expect(await ask('rbac/answer')).toBe(42)
    expect(await ask('probe/echo', 7)).toEqual({ input: 7, answer: 42 })
    expect(await ask('nowhere')).toBeUndefined()
  })

  it('merge their documents above their roots, as OPA does', async () => {
    expect(await ask('shop', {})).toMatchObject({ prices: { tea: 3 }, notes: ['fresh'], rules: { sees: {} } })
    expect(await ask('', {})).toMatchObject({
      rates: { uk: 0.2 },
      rbac: { answer: 42 },
      shop: { notes: ['fresh'], prices: { tea: 3 } },
      probe: { echo: { answer: 42 } },
    })
  })

  it("let a foreign module see the data of all, and no other bundle's rules", async () => {
    expect(await ask('shop/rules/sees')).toEqual({
      prices: { tea: 3 },
      rates: { uk: 0.2 },
      answer: 42,
      rules: [],
    })
  })

  it("show the platform's module nothing but its own data", async () => {
    const spy: FixtureSource = {
      ...SMALL,
      rego: {
        ...SMALL.rego,
        'probe/spy.rego':
          'package probe\n\nseen := [[x | x := data.shop.prices], [x | x := data.rates], [x | x := data.rbac.answer]]\n',
      },
      entrypoints: [...SMALL.entrypoints, 'probe/seen'],
    }
    await node.activate([await load(await buildFixture(spy), 'sallyport', 3), ...set.slice(1)])
    expect(await ask('probe/seen')).toEqual([[], [], [42]])
  })

  it('are all named by answers, log and status, the platform bundle first', async () => {
    const { bundles, revision } = await node.evaluate({ path: ['rates'], input: undefined })
    expect(Object.entries(bundles)).toEqual(set.map(({ name, revision }) => [name, { revision }]))
    expect(revision).toBe(set[0].revision)
    expect(node.status()).toMatchObject({
      revision: set[0].revision,
      bundles: { shop: { version: 1 }, rates: { revision: 'rates-0.2', version: 1 } },
    })
  })

  it('change as one: no answer under a set that was never active, over 20 swaps under load', async () => {
    const answers = new Map([set, other].map((one, at) => [one.map(({ revision }) => revision).join(), at]))
    const quote = () => node.evaluate({ path: ['shop', 'rules', 'quote'], input: { item: 'tea', country: 'uk' } })
    const seen = new Set<number>()
    const check = async () => {
      const { result, bundles } = await quote()
      const names = Object.values(bundles).map(({ revision }) => revision)
      const at = answers.get(names.join()) ?? -1
      expect(JSON.parse(result ?? '')).toEqual(
        [
          { price: 3, rate: 0.2 },
          { price: 5, rate: 0.5 },
        ][at],
      )
      seen.add(at)
    }
    let over = false
    const caller = async () => {
      while (!over) {
        await check()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const callers = [caller(), caller(), caller()]
    for (let swap = 0; swap < 20; swap++) {
      await node.activate(swap % 2 === 0 ? other : set)
      await check()
    }
    over = true
    await Promise.all(callers)
    expect(seen).toEqual(new Set([0, 1]))
  })

  it('keep what was active when one of the new cannot be loaded here', async () => {
    const { metered: _metered, ...unfit } = nth(other, 1)
    const broken: VerifiedBundle = { ...unfit, wasm: {} as WebAssembly.Module }
    await expect(node.activate([other[0], broken])).rejects.toThrow()
    await expect(node.activate([other[0], { ...nth(set, 1), roots: ['authz'] }])).rejects.toMatchObject({
      code: 'roots_conflict',
    })
    expect(await ask('shop/prices/tea')).toBe(3)
  })
})

describe('an activation', () => {
  it('that is under way when all goes out of force changes nothing any more', async () => {
    await node.activate(set)
    const late = node.activate(other)
    node.deactivate()
    await late
    expect(node.active).toBeUndefined()
    await node.activate(set)
    expect(node.active?.revision).toBe(set[0].revision)
  })

  it('closes what it replaces after the last question that took it', async () => {
    await node.close()
    const taken = open()
    await taken.activate(set)
    const lease = taken.active?.lease
    let closed = 0
    const { evaluator } = taken.active ?? {}
    const close = evaluator?.close
    Object.assign(evaluator ?? {}, {
      close: () => {
        closed++
        close?.()
      },
    })
    lease?.take()
    await taken.activate(other)
    expect(closed).toBe(0)
    expect(evaluator?.evaluate('rates/none', undefined)).toBeUndefined()
    lease?.done()
    expect(closed).toBe(1)
    await taken.close()
    node = open()
  })

  it('of 10 MB lets decisions go on, slice by slice, under the set before', async () => {
    await node.close()
    const rows = Object.fromEntries(
      Array.from({ length: 80_000 }, (_, at) => [
        `row-${at}`,
        { name: `name ${at}`, tags: ['a', `tag-${at % 100}`], at },
      ]),
    )
    const large = await load(await buildFixture({ ...SMALL, data: { rbac: { answer: 1, rows } } }), 'sallyport', 9)
    expect(large.sizeBytes).toBeGreaterThan(4 * 1024 * 1024)
    const seen: (string | undefined)[] = []
    const waiting: Promise<void>[] = []
    const big = open(() => {
      const asking = big.evaluate({ path: ['rbac', 'answer'], input: undefined })
      waiting.push(asking.then(({ revision, result }) => void seen.push(`${revision} ${result}`)))
    })
    await big.activate(set)
    seen.length = 0
    await Promise.all(waiting)
    seen.length = 0
    await big.activate([large])
    await Promise.all(waiting)
    expect(seen.length).toBeGreaterThan(0)
    expect(new Set(seen)).toEqual(new Set([`${set[0].revision} 42`]))
    const after = await big.evaluate({ path: ['rbac', 'rows', 'row-79999', 'at'], input: undefined })
    expect(after).toMatchObject({ result: '79999', revision: large.revision })
    await big.close()
    node = open()
  })
})
