/** A module whose memory was copied from an image answers as one that loaded its data itself. */
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, SMALL } from '../bundle/bundle-fixture.ts'
import { canonicalBytes } from '../bundle/canonical.ts'
import { EvaluationError } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { atOnce, inSlices } from '../node/slices.ts'
import { openHost } from './host.ts'
import { copyIn, type PolicyImage } from './image.ts'
import { NO_IMPORTS, PolicyInstance } from './instance.ts'
import { fill, ready, restore, takeImage } from './loaded.ts'
import { compileFor, imageOf, openBundle } from './open.ts'
import { type HostBundle, PolicyRunner } from './runner.ts'

const ROWS = 20_000
const LARGE = {
  ...SMALL,
  data: {
    rbac: {
      answer: 42,
      rows: Object.fromEntries(
        Array.from({ length: ROWS }, (_, at) => [
          `row-${at}`,
          { at, half: at + 0.5, tags: ['x', `tag ${at} of many`] },
        ]),
      ),
      texts: { ü: '😀', empty: '', long: 'l'.repeat(3000) },
    },
  },
  rego: {
    ...SMALL.rego,
    'probe/probe.rego': `${SMALL.rego['probe/probe.rego']}
row := data.rbac.rows[input.row]

texts := data.rbac.texts

count_rows := count(data.rbac.rows)

grown := count([text | some at in numbers.range(1, input.n); text := sprintf("%d %s", [at, input.pad])])
`,
  },
  entrypoints: [...SMALL.entrypoints, 'probe/row', 'probe/texts', 'probe/count_rows', 'probe/grown'],
}

let bundle: HostBundle
let image: PolicyImage

beforeAll(async () => {
  const files = await buildFixture(LARGE)
  const { metered } = await compileFor('host', files.get('policy.wasm') ?? Buffer.alloc(0))
  if (metered === undefined) throw new Error('no module')
  const dataJson = canonicalBytes(files.get('data.json') ?? Buffer.alloc(0))
  const made = imageOf({ metered }, dataJson, parseExact(Buffer.from(dataJson).toString()))
  if (made === undefined) throw new Error('no image')
  bundle = { metered, dataJson }
  image = made
})

const QUESTIONS: readonly (readonly [string, unknown])[] = [
  ['probe/row', { row: 'row-0' }],
  ['probe/row', { row: `row-${ROWS - 1}` }],
  ['probe/row', { row: 'nobody' }],
  ['probe/texts', {}],
  ['probe/count_rows', undefined],
  ['probe/echo', { 'a key that is new': [1.5, 'tag 7 of many'] }],
  ['authz/revoke/decision', { client: { active: true, client_id: 'c' }, token: { client_id: 'c' } }],
  ['system/log/mask', { path: 'x' }],
]

describe('an image of memory', () => {
  it('answers every question as the data itself does', async () => {
    const [direct, copied] = [await openBundle(bundle), await openHost({ ...bundle, image })]
    expect([...copied.entrypoints].sort()).toEqual([...direct.entrypoints].sort())
    for (const [entrypoint, input] of QUESTIONS) {
      expect(copied.evaluate(entrypoint, input), entrypoint).toEqual(direct.evaluate(entrypoint, input))
    }
    expect(copied.evaluate('probe/count_rows', {})).toBe(ROWS)
  })

  it('gives an instance of its own each time, which serves on after an abort', async () => {
    const [left, right] = [await openHost({ ...bundle, image }), await openHost({ ...bundle, image })]
    for (let round = 0; round < 200; round++) {
      expect(() => left.evaluate('probe/conflict', { x: round + 2 })).toThrow(EvaluationError)
      expect(right.evaluate('probe/row', { row: `row-${round}` })).toMatchObject({ at: round })
      expect(left.evaluate('probe/row', { row: `row-${round}` })).toMatchObject({ at: round })
    }
  })

  it('is what an instance that grew too large is replaced from, while it decides on', async () => {
    const runner = await PolicyRunner.open({ ...bundle, image }, { fuel: 2_000_000_000 })
    const ask = (entrypoint: string, input: unknown) =>
      runner.decide({}, (policy) => {
        runner.setInput(policy, input)
        return policy.border.readResult(runner.run(policy, runner.entrypoints.get(entrypoint) ?? -1), false)
      })
    const pagesIn = () => runner.decide({}, (policy) => policy.instance.memory.pages)
    const before = pagesIn()
    expect(ask('probe/grown', { n: 20_000, pad: 'p'.repeat(3000) })).toBe(20_000)
    expect(runner.renewing).toBeInstanceOf(Promise)
    expect(pagesIn()).toBeGreaterThan(before + 1024)
    expect(ask('probe/row', { row: 'row-9' })).toMatchObject({ at: 9 })
    await runner.renewing
    expect(pagesIn()).toBe(before)
    expect(ask('probe/row', { row: 'row-9' })).toMatchObject({ at: 9 })
    ask('probe/grown', { n: 20_000, pad: 'p'.repeat(3000) })
    const { renewing } = runner
    runner.close()
    await renewing
    expect(ask('probe/row', { row: 'row-9' })).toMatchObject({ at: 9 })
  })

  it('holds no more than data takes, and its memory is no larger', () => {
    expect(image.bytes.byteLength).toBeLessThan(4 * bundle.dataJson.byteLength)
    expect(image.pages * 65_536).toBeLessThan(image.bytes.byteLength + 8 * 1024 * 1024)
  })

  it('is copied in steps, between which whoever waits gets a turn', async () => {
    const options = { pages: image.pages, maxPages: image.pages + 64, ...NO_IMPORTS }
    const copying = copyIn(new PolicyInstance(bundle.metered, options), image.bytes)
    expect([...copying].length).toBe(Math.ceil(image.bytes.byteLength / (256 * 1024)))
    let turns = 0
    let over = false
    const turn = () => {
      turns++
      if (!over) setImmediate(turn)
    }
    turn()
    let slices = 0
    function* slow(): Generator<void, string> {
      for (const _ of Array.from({ length: 5 })) {
        const until = performance.now() + 5
        while (performance.now() < until);
        yield
      }
      return 'done'
    }
    expect(await inSlices(slow(), () => slices++)).toBe('done')
    over = true
    expect(slices).toBe(5)
    expect(turns).toBeGreaterThanOrEqual(5)
  })

  it('keeps a module on the text border that had to be', () => {
    const json = Buffer.from('{"rbac":{"answer":7}}')
    const options = { pages: 64, maxPages: 4096, textOnly: true, ...NO_IMPORTS }
    const text = takeImage(fill(bundle.metered, { json, value: () => undefined }, options))
    expect(text.structs).toBeUndefined()
    const policy = atOnce(restore(bundle.metered, text, { pages: text.pages, maxPages: 4096, ...NO_IMPORTS }))
    expect(policy.border).toBe(policy.text)
    expect(policy.border.readJson(policy.data, false)).toEqual({ rbac: { answer: 7 } })
    expect(ready(fill(bundle.metered, { json, value: () => undefined }, options)).border.readJson).toBeDefined()
  })
})
