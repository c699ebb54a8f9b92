/** Host built-ins as a real module calls them: values exact both ways, failures undefined or strict, answers pinned, fuel. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Builtin, BuiltinError } from '../builtins/builtin.ts'
import { buildFixture, type FixtureSource } from '../bundle/bundle-fixture.ts'
import { EvaluationError, EvaluationTimeout, type Evaluator, type RecordedCall } from '../engine.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import { numberOf } from './number.ts'
import type { HostOptions } from './runner.ts'
import { writeTerm } from './term-text.ts'
import { RegoObject, RegoSet, type Value } from './value.ts'

const CALLS: FixtureSource = {
  roots: ['calls'],
  entrypoints: [
    'calls/given',
    'calls/twice',
    'calls/failed',
    'calls/members',
    'calls/clock',
    'calls/five',
    'calls/spent',
  ],
  rego: {
    'calls.rego': `package calls

given := units.parse(concat("", [input.text, ""]))

twice := [rand.intn("a", 5), rand.intn("a", 5), rand.intn("b", 5)]

failed := {"before": 1, "after": [x | x := semver.compare(input.text, "1.0.0")]}

members := {"is_set": is_set(s), "size": count(s), "member": {"k": 1} in s} if {
	s := json.patch({"10.0.0.0/24", input.text, [1, {2, {"x": 3}}], 1.50}, [])
}

clock := time.now_ns() == time.now_ns()

five := net.cidr_expand(input.text)

spent := uuid.parse(input.text)
`,
  },
}

const seen: string[] = []
let drawn = 0
const TABLE: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['units.parse', (_, text) => (text === 'big' ? numberOf('12345678901234567890.5') : null)],
  ['rand.intn', () => drawn++],
  [
    'semver.compare',
    () => {
      throw new BuiltinError('operand 1: not a version')
    },
  ],
  [
    'json.patch',
    (_, given) => {
      seen.push(writeTerm(given as Value))
      return new RegoSet([RegoObject.fromRecord({ k: 1 }), 'a', 'b', 'a'])
    },
  ],
  ['time.now_ns', (context) => numberOf(context.nowNs().toString())],
  [
    'net.cidr_expand',
    () => {
      throw new TypeError('a bug with canary-77 in it')
    },
  ],
  [
    'uuid.parse',
    (context, text) => {
      context.charge(Number(text))
      return true
    },
  ],
])

let metered: WebAssembly.Module
beforeAll(async () => {
  const files = await buildFixture(CALLS)
  metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
})
const open = (options: HostOptions = {}): Promise<Evaluator> =>
  openHost({ metered, dataJson: Buffer.from('{}') }, { builtins: TABLE, ...options })

describe.each([
  ['structs', false],
  ['text', true],
])('host built-ins, arguments crossing as %s', async (_, textOnly) => {
  it('take and give sets, exact numbers and keys of any kind', async () => {
    const evaluator = await open({ textOnly })
    seen.length = 0
    expect(evaluator.evaluate('calls/members', { text: 'ü😀' })).toEqual({ is_set: true, size: 3, member: true })
    expect(seen).toEqual(['{1.50, "10.0.0.0/24", "ü😀", [1, {2, {"x": 3}}]}'])
    const result = evaluator.evaluate('calls/given', { text: 'big' }, { exact: true })
    expect(JSON.stringify(result)).toBe('12345678901234567890.5')
    expect(evaluator.evaluate('calls/given', { text: 'other' })).toBeNull()
  })
})

describe('host built-ins', () => {
  it('make the expression undefined when they fail; strict, they end the evaluation, and no value is told', async () => {
    const evaluator = await open()
    const input = { text: 'canary-77' }
    expect(evaluator.evaluate('calls/failed', input)).toEqual({ before: 1, after: [] })
    try {
      evaluator.evaluate('calls/failed', input, { strict: true })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError)
      expect(error).toMatchObject({ code: 'eval_builtin_error', message: 'semver.compare failed' })
      expect(JSON.stringify(error)).not.toContain('canary')
    }
  })

  it('answer the same within a decision where they are not deterministic, and another in the next', async () => {
    const evaluator = await open()
    drawn = 0
    expect(evaluator.evaluate('calls/twice', {})).toEqual([0, 0, 1])
    expect(evaluator.evaluate('calls/twice', {})).toEqual([2, 2, 3])
    expect(evaluator.evaluate('calls/clock', {})).toBe(true)
  })

  it('replay what was recorded', async () => {
    const evaluator = await open()
    drawn = 10
    const recorded = new Map<string, RecordedCall>()
    expect(evaluator.evaluate('calls/twice', {}, { recorded })).toEqual([10, 10, 11])
    expect([...recorded.values()]).toEqual([
      { name: 'rand.intn', args: ['a', 5], value: 10 },
      { name: 'rand.intn', args: ['b', 5], value: 11 },
    ])
    expect(evaluator.evaluate('calls/twice', {}, { recorded })).toEqual([10, 10, 11])
  })

  it('end the evaluation when they use the deadline up, and never give fuel back', async () => {
    const evaluator = await open({ fuel: 100_000 })
    for (const units of ['1000000000000', 'Infinity', 'NaN']) {
      expect(() => evaluator.evaluate('calls/spent', { text: units }), units).toThrow(EvaluationTimeout)
    }
    expect(evaluator.evaluate('calls/spent', { text: '10' })).toBe(true)
    expect(evaluator.evaluate('calls/spent', { text: '-1000000000' })).toBe(true)
  })

  it('that break end the evaluation, tell nothing of their words, and the instance serves on', async () => {
    const evaluator = await open()
    try {
      evaluator.evaluate('calls/five', { text: 'x' })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError)
      expect(JSON.stringify([String(error), (error as Error).cause])).not.toContain('canary')
    }
    expect(evaluator.evaluate('calls/given', { text: 'other' })).toBeNull()
  })

  it('that the table lacks are named when the module is loaded', async () => {
    const builtins = new Map(TABLE)
    builtins.delete('rand.intn')
    builtins.delete('uuid.parse')
    await expect(open({ builtins })).rejects.toThrow(/lacks: rand\.intn, uuid\.parse$/)
  })
})
