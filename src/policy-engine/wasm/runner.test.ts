/** Memory of an instance: sized for its data, bounded for an evaluation, given back after a large one, flat over many. */
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, type FixtureSource } from '../bundle/bundle-fixture.ts'
import { EvaluationError } from '../engine.ts'
import { meterModule } from './fuel/meter.ts'
import { type HostOptions, PolicyRunner } from './runner.ts'

const SCALE = Number(process.env.SCALE ?? 0.1)

const MEMORY: FixtureSource = {
  roots: ['memory', 'rows'],
  entrypoints: ['memory/range', 'memory/doubled', 'memory/echo', 'memory/row'],
  rego: {
    'memory.rego': `package memory

range := count(numbers.range(1, input.n))

doubled := count(d25) if {
	d5 := concat("", [input.s, input.s, input.s, input.s, input.s, input.s, input.s, input.s])
	d10 := concat("", [d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5, d5])
	d15 := concat("", [d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10, d10])
	d20 := concat("", [d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15, d15])
	d25 := concat("", [d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20, d20])
}

echo := input

row := data.rows[input.at]
`,
  },
}

let metered: WebAssembly.Module
beforeAll(async () => {
  const files = await buildFixture(MEMORY)
  metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
})

async function open(data: unknown, options: HostOptions = {}) {
  const runner = await PolicyRunner.open({ metered, dataJson: Buffer.from(JSON.stringify(data)) }, options)
  const evaluate = (entrypoint: string, input: unknown): unknown =>
    runner.decide({}, (policy) => {
      runner.setInput(policy, input)
      const id = runner.entrypoints.get(`memory/${entrypoint}`) ?? -1
      return policy.border.readResult(runner.run(policy, id), false)
    })
  return { evaluate, pages: () => runner.decide({}, ({ instance }) => instance.memory.pages) }
}

describe.each([
  ['structs', false],
  ['text', true],
])('memory, values crossing as %s', async (_, textOnly) => {
  it.each([
    ['range', { n: 50_000_000 }],
    ['doubled', { s: 'x'.repeat(1000) }],
  ])('an evaluation that allocates without end (%s) ends, and the instance serves on', async (rule, input) => {
    const { evaluate } = await open({}, { evaluationBytes: 8 * 1024 * 1024, fuel: 2_000_000_000, textOnly })
    expect(() => evaluate(rule, input)).toThrow(EvaluationError)
    expect(() => evaluate(rule, input)).toThrow('out of memory')
    expect(evaluate('echo', { fine: true })).toEqual({ fine: true })
    expect(evaluate('range', { n: 10 })).toBe(10)
  })

  it('an input larger than an evaluation may take is refused in the same way', async () => {
    const { evaluate } = await open({}, { evaluationBytes: 1024 * 1024, textOnly })
    const large = Array.from({ length: 100_000 }, (_, at) => `row ${at} ${'x'.repeat(50)}`)
    expect(() => evaluate('echo', large)).toThrow(EvaluationError)
    expect(evaluate('echo', large.slice(0, 100))).toEqual(large.slice(0, 100))
  })

  it('what a large evaluation made it grow by is given back', async () => {
    const { evaluate, pages } = await open(
      { rows: ['first'] },
      { textOnly, fuel: 2_000_000_000, evaluationBytes: 1024 ** 3 },
    )
    const before = pages()
    const large = Array.from({ length: 350_000 }, (_, at) => ({ at, text: `row ${at} ${'x'.repeat(100)}` }))
    expect(evaluate('echo', large)).toHaveLength(350_000)
    expect(pages()).toBeLessThanOrEqual(before)
    expect(evaluate('row', { at: 0 })).toBe('first')
  })

  it('instances that grew too large and were dropped do not pile up', async () => {
    const { evaluate } = await open({}, { textOnly, fuel: 2_000_000_000 })
    const before = process.memoryUsage().rss
    for (let at = 0; at < 20; at++) {
      expect(() => evaluate('range', { n: 50_000_000 })).toThrow('out of memory')
      expect(process.memoryUsage().rss - before).toBeLessThan(800 * 1024 * 1024)
    }
  })

  it(`stays flat over ${1_000_000 * SCALE * SCALE} evaluations`, async () => {
    const { evaluate, pages } = await open({ rows: [1, 2, 3] }, { textOnly })
    const turn = (at: number) => evaluate('row', { at: at % 3, other: [`${at}`, { [`key-${at % 500}`]: at }] })
    for (let at = 0; at < 2000; at++) turn(at)
    const before = pages()
    for (let at = 0; at < 1_000_000 * SCALE * SCALE; at++) expect(turn(at)).toBe((at % 3) + 1)
    expect(pages()).toBe(before)
  })

  it('is sized for the data, which is found whole: small rows, many strings, and 9 MB of it', async () => {
    const rows = Array.from({ length: 90_000 }, (_, at) => ({
      name: `n${at}`,
      roles: ['a', 'b'],
      on: at % 2 === 0,
      n: at,
    }))
    for (const count of [0, 1, 5000, 90_000]) {
      const { evaluate } = await open({ rows: rows.slice(0, count) }, { textOnly })
      for (const at of [0, 1, 777, 4999, 89_999]) expect(evaluate('row', { at })).toEqual(rows.slice(0, count)[at])
    }
  })
})
