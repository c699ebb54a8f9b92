/** Fuel in real modules: hostile policies end, each at the same unit, and what is no module of OPA's compiler is refused. */
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, type FixtureSource } from '../../bundle/bundle-fixture.ts'
import { EvaluationTimeout } from '../../engine.ts'
import { openHost } from '../host.ts'
import type { HostOptions } from '../runner.ts'
import { ModuleError } from './binary.ts'
import { readBodies } from './code.ts'
import { meterModule } from './meter.ts'
import { readShape } from './sections.ts'
import { findStatics, readStatics, STATICS_SECTION } from './statics.ts'

/** Thirty functions that each call the one before twice: no loop, a billion calls. */
const DOUBLING = Array.from({ length: 30 }, (_, at) => `f${at + 1}(x) := f${at}(x + 1) + f${at}(x + 2)`).join('\n\n')

const HOSTILE: FixtureSource = {
  roots: ['hostile'],
  entrypoints: [
    'hostile/loop',
    'hostile/doubling',
    'hostile/pattern',
    'hostile/sorting',
    'hostile/decoding',
    'hostile/once',
    'hostile/fine',
  ],
  rego: {
    'hostile.rego': `package hostile

loop := count([1 | some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j == 7])

doubling := f30(input.x)

f0(x) := x

${DOUBLING}

pattern if regex.match(concat("", ["(a|aa)*", concat("", [c | some _ in numbers.range(1, 300); c := "a?"]), "$"]), input.text)

sorting := {x | some _ in numbers.range(1, 100); x := sort(input.list)[0]}

decoding := [text | some _ in numbers.range(1, 2000); text := base64.decode(input.text)][0]

once := base64.decode(input.text)

fine := input.x
`,
  },
}

const FUEL = 300_000

let bytes: Uint8Array
beforeAll(async () => {
  bytes = (await buildFixture(HOSTILE)).get('policy.wasm') ?? new Uint8Array()
})
const openWith = async (options: HostOptions) =>
  openHost({ metered: await WebAssembly.compile(meterModule(bytes)), dataJson: Buffer.from('{}') }, options)
const open = (fuel: number) => openWith({ fuel })
const HOSTILE_INPUTS = [
  ['loop', {}],
  ['doubling', { x: 1 }],
  ['pattern', { text: 'a'.repeat(100_000) }],
  ['sorting', { list: Array.from({ length: 3000 }, (_, at) => (at * 7919) % 3001) }],
] as const

describe('fuel', () => {
  it.each(HOSTILE_INPUTS)('ends %s, and the instance serves on', async (rule, input) => {
    const evaluator = await open(FUEL)
    const started = performance.now()
    expect(() => evaluator.evaluate(`hostile/${rule}`, input)).toThrow(EvaluationTimeout)
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(evaluator.evaluate('hostile/fine', { x: 'ok' })).toBe('ok')
  })

  it('ends a first hostile input to an entrypoint that was fast 10,000 times before', async () => {
    const evaluator = await open(FUEL)
    for (let turn = 0; turn < 10_000; turn++) expect(evaluator.evaluate('hostile/pattern', { text: 'b' })).toBe(true)
    expect(() => evaluator.evaluate('hostile/pattern', { text: 'a'.repeat(100_000) })).toThrow(EvaluationTimeout)
    expect(evaluator.evaluate('hostile/pattern', { text: 'b' })).toBe(true)
  })

  it('is the same number of units for the same evaluation', async () => {
    const enough = async (fuel: number): Promise<boolean> => {
      try {
        return (await open(fuel)).evaluate('hostile/fine', { x: [1, 2] }) !== undefined
      } catch {
        return false
      }
    }
    let [short, long] = [1, 10_000]
    while (long - short > 1) {
      const middle = (short + long) >> 1
      if (await enough(middle)) long = middle
      else short = middle
    }
    for (let turn = 0; turn < 5; turn++) expect([await enough(short), await enough(long)]).toEqual([false, true])
  })

  it('ends evaluations at many places without a wrong answer after, in one instance', async () => {
    const evaluator = await open(20_000)
    let ended = 0
    for (let turn = 0; turn < 400; turn++) {
      const list = Array.from({ length: 20 + turn }, (_, at) => (at % 3 === 0 ? `${at}` : { at }))
      try {
        expect(evaluator.evaluate('hostile/sorting', { list })).toEqual(['0'])
      } catch (error) {
        expect(error).toBeInstanceOf(EvaluationTimeout)
        ended++
      }
      expect(evaluator.evaluate('hostile/fine', { x: list })).toEqual(list)
    }
    expect(ended).toBeGreaterThan(100)
  })
})

describe('a deadline', () => {
  it.each(HOSTILE_INPUTS.filter(([rule]) => rule !== 'pattern'))(
    'ends %s by the clock, and the instance serves on',
    async (rule, input) => {
      const evaluator = await openWith({ deadlineMs: 20 })
      for (let turn = 0; turn < 3; turn++) {
        expect(() => evaluator.evaluate(`hostile/${rule}`, input)).toThrow(EvaluationTimeout)
        expect(evaluator.evaluate('hostile/fine', { x: 'ok' })).toBe('ok')
      }
    },
  )

  it('lets an evaluation of many slices end where there is time', async () => {
    const evaluator = await openWith({ deadlineMs: 60_000 })
    const [, input] = HOSTILE_INPUTS[2]
    expect(() => evaluator.evaluate('hostile/pattern', input)).not.toThrow()
    const short = await open(FUEL)
    expect(() => short.evaluate('hostile/pattern', input)).toThrow(EvaluationTimeout)
  })

  it('ends no evaluation of less than a slice, however late its thread is', async () => {
    const evaluator = await openWith({ deadlineMs: 0 })
    for (let turn = 0; turn < 100; turn++) expect(evaluator.evaluate('hostile/fine', { x: turn })).toBe(turn)
    expect(() => evaluator.evaluate('hostile/loop', {})).toThrow(EvaluationTimeout)
  })
})

describe('a deadline over host built-ins', () => {
  const hostile = '////'.repeat(300_000)

  it('ends a first hostile input to an entrypoint that was fast 10,000 times before, and right answers follow', async () => {
    const evaluator = await openWith({ deadlineMs: 100 })
    const once = await openWith({ deadlineMs: 60_000 })
    const ask = (text: string): unknown => evaluator.evaluate('hostile/once', { text })
    for (let turn = 0; turn < 10_000; turn++) expect(ask('aGk=')).toBe('hi')
    const began = performance.now()
    expect(() => evaluator.evaluate('hostile/decoding', { text: hostile })).toThrow(EvaluationTimeout)
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(ask('aGk=')).toBe('hi')
    expect(evaluator.evaluate('hostile/fine', { x: 'ok' })).toBe('ok')
    expect(once.evaluate('hostile/once', { text: hostile })).toBe('\ufffd'.repeat(900_000))
  })
})

describe('the rewriter', () => {
  it('leaves the policy as it was, and finds its string constants', async () => {
    const before = readBodies(readShape(bytes))
    const metered = meterModule(bytes)
    const after = readBodies(readShape(metered))
    const kept = after.slice(0, before.length)
    expect(kept.map(({ loops }) => loops.length)).toEqual(before.map(({ loops }) => loops.length))
    // What is added calls the host, or what it stands for, or is what `eval` did for one entrypoint, and does no more.
    const added = after.slice(before.length)
    expect(added.length).toBeGreaterThan(HOSTILE.entrypoints.length)
    for (const { loops } of added) expect(loops).toEqual([])
    const others = added.slice(0, -HOSTILE.entrypoints.length)
    for (const { calls } of others) expect(calls.size).toBeLessThanOrEqual(2)
    expect(metered.length / bytes.length).toBeLessThan(1.1)
    const statics = findStatics(readShape(bytes))
    expect(statics.count).toBeGreaterThan(5)
    const [section] = WebAssembly.Module.customSections(await WebAssembly.compile(metered), STATICS_SECTION)
    expect(readStatics(section)).toEqual(statics)
  })

  it.each([
    ['nothing', () => new Uint8Array()],
    ['a text', () => Buffer.from('not a module at all')],
    ['a module cut short', () => bytes.subarray(0, bytes.length - 100)],
    ['an empty module', () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
  ])('refuses %s', (_, make) => {
    expect(() => meterModule(make())).toThrow(ModuleError)
  })

  it('refuses or keeps valid whatever is changed in the code of a module', () => {
    const shape = readShape(bytes)
    const code = shape.sections.find(({ id }) => id === 10)
    if (code === undefined) throw new Error('no code')
    let refused = 0
    for (let turn = 0; turn < 300; turn++) {
      const changed = Uint8Array.from(bytes)
      changed[code.start + ((turn * 104_729) % (code.end - code.start))] = (turn * 37) % 256
      try {
        meterModule(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(ModuleError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(0)
  })
})
