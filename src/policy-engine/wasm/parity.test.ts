/** Our host, values crossing as structs and as text, against the package: shipped case tables, and generated inputs. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { inputOf, readTable, union } from '../../../policy-tests/tables.ts'
import { readArchive } from '../bundle/archive.ts'
import { buildFixture, type FixtureSource } from '../bundle/bundle-fixture.ts'
import { canonicalize } from '../bundle/canonical.ts'
import { DECISIONS } from '../contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from '../contract/system.ts'
import type { Evaluator } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import { openEvaluator } from './sdk.ts'

const SCALE = Number(process.env.SCALE ?? 0.1)

interface Engines {
  readonly structs: Evaluator
  readonly text: Evaluator
  readonly sdk: Evaluator
}

/** Answers are compared here, not times: a busy machine must not end an evaluation. */
const PATIENT = { deadlineMs: 30_000 }

async function openAll(bytes: Uint8Array | undefined, data: unknown): Promise<Engines> {
  if (bytes === undefined) throw new Error('no module')
  const dataJson = Buffer.from(JSON.stringify(data))
  const metered = await WebAssembly.compile(meterModule(bytes))
  return {
    structs: await openHost({ metered, dataJson }, PATIENT),
    text: await openHost({ metered, dataJson }, { ...PATIENT, textOnly: true }),
    sdk: openEvaluator({ wasm: await WebAssembly.compile(Buffer.from(bytes)), dataJson }),
  }
}

/** What an engine makes of it; where sets are arrays the package has them in another order. */
function answer(evaluator: Evaluator, entrypoint: string, input: unknown): unknown {
  try {
    return { result: evaluator.evaluate(entrypoint, input) }
  } catch (error) {
    return { error: (error as Error).name }
  }
}

/** What the log's rules make of the answer, asked as the log asks: on from the decision. */
function judged(evaluator: Evaluator, entrypoint: string, input: unknown): unknown {
  const result = evaluator.evaluate(entrypoint, input)
  const event = { path: entrypoint, requested_by: 'somebody', input, result }
  return evaluator.evaluate('system/log/line', event, { continues: true })
}

describe('the shipped policies', () => {
  it('answer every case alike on all three', async () => {
    const files = await readArchive(readFileSync(new URL('../../../bundles/sallyport.tar.gz', import.meta.url)))
    const shipped = JSON.parse(Buffer.from(files.get('data.json') ?? '').toString())
    const engines = await openAll(files.get('policy.wasm'), shipped)
    const tables = [
      ...Object.keys(DECISIONS).map((name) => [`authz/${name}`, `authz/${name}/decision`] as const),
      ...SYSTEM_ENTRYPOINTS.map(({ entrypoint, file }) => [file.replace(/\.rego$/, ''), entrypoint] as const),
    ]
    let compared = 0
    for (const [file, entrypoint] of tables) {
      const table = readTable(file)
      for (const entry of table.cases) {
        const input = inputOf(table, entry)
        const on =
          entry.rbac === undefined
            ? engines
            : await openAll(files.get('policy.wasm'), { ...shipped, rbac: union(shipped.rbac, entry.rbac) })
        const wanted = answer(on.sdk, entrypoint, input)
        const where = `${file}: ${entry.name}`
        expect(unordered(answer(on.structs, entrypoint, input)), where).toEqual(unordered(wanted))
        expect(unordered(answer(on.text, entrypoint, input)), where).toEqual(unordered(wanted))
        expect(judged(on.structs, entrypoint, input), where).toEqual(judged(on.text, entrypoint, input))
        compared++
      }
    }
    expect(compared).toBeGreaterThan(100)
  })
})

const unordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unordered).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unordered(member)]))
}

const EXERCISE: FixtureSource = {
  roots: ['exercise', 'table'],
  entrypoints: ['exercise/all', 'exercise/echo'],
  data: {},
  rego: {
    'exercise.rego': `package exercise

echo := input

all := {
	"marshalled": [json.marshal(v) | some v in input.list],
	"paths": sort([p | walk(input, [p, _])]),
	"sorted": sort(input.list),
	"members": sort({v | some v in input.list}),
	"index": {i: v | some i, v in input.list},
	"keys": sort({k | some k, _ in input.object}),
	"inverted": {json.marshal(v): count([1 | input.object[k] == v]) | some v in input.object},
	"equal": [[i, j] | some i, v in input.list; some j, w in input.list; v == w],
	"found": [data.table[k] | some k, _ in input.object],
	"same": [k | some k, v in input.object; data.table[k] == v],
	"sum": sum([n | some n in input.list; is_number(n)]),
	"text": concat("|", sort([s | some s in input.list; is_string(s)])),
	"union": object.union(input.object, data.table),
}
`,
  },
}

const TABLE = {
  a: 1,
  b: 'ü',
  'key-3': [1, 2],
  __proto__x: null,
  '': 0,
  long: 'x'.repeat(300),
  '\u{1f600}': { a: { b: 1 } },
}

describe('generated inputs', () => {
  let engines: Engines
  beforeAll(async () => {
    engines = await openAll((await buildFixture(EXERCISE)).get('policy.wasm'), { table: TABLE })
  })

  it(`are read, hashed, compared and given back alike (${24_000 * SCALE} values)`, () => {
    const random = generator(20_261_124)
    for (let turn = 0; turn < 24_000 * SCALE; turn++) {
      const input = { list: list(random, 3), object: object(random, 3), other: value(random, 4) }
      const given = engines.sdk.evaluate('exercise/all', input)
      expect(given, JSON.stringify(input)).toBeDefined()
      const wanted = inOneOrder(given)
      expect(inOneOrder(engines.structs.evaluate('exercise/all', input)), JSON.stringify(input)).toEqual(wanted)
      if (turn % 10 > 0) continue
      expect(inOneOrder(engines.text.evaluate('exercise/all', input)), JSON.stringify(input)).toEqual(wanted)
      expect(engines.structs.evaluate('exercise/echo', parseExact(JSON.stringify(input)))).toEqual(
        JSON.parse(JSON.stringify(input)),
      )
    }
  })
})

/** Our host keeps numbers that the package rounds. */
const asDoubles = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The package marshals keys in the order of a hash, our host in that of OPA. */
function inOneOrder(answer: unknown): unknown {
  const { marshalled, inverted, ...rest } = asDoubles(answer) as Record<string, unknown> & {
    readonly marshalled: readonly string[]
    readonly inverted: Readonly<Record<string, number>>
  }
  return {
    ...rest,
    marshalled: marshalled.map(keysInOrder),
    inverted: Object.fromEntries(Object.entries(inverted).map(([text, count]) => [keysInOrder(text), count])),
  }
}

const keysInOrder = (text: string): string => canonicalize(Buffer.from(text))

type Random = (below: number) => number

/** xorshift32: the same values at each run. */
function generator(seed: number): Random {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const TEXTS = ['', 'a', 'b', 'key-3', 'ü', '😀', '\uffee', 'long', 'a"b\\c', '\u0000', 'x'.repeat(45), '__proto__', '1']

function value(random: Random, depth: number): unknown {
  switch (random(depth > 0 ? 10 : 7)) {
    case 0:
      return null
    case 1:
      return random(2) === 1
    case 2:
      return random(1000) - 500
    case 3:
      return (random(2 ** 31) - 2 ** 30) * 2 ** random(24)
    case 4:
      return (random(2000) - 1000) / 2 ** random(8)
    case 5:
      return `${TEXTS[random(TEXTS.length)]}${random(4) === 0 ? random(100) : ''}`
    case 6:
      return TEXTS[random(TEXTS.length)]
    case 7:
      return list(random, depth - 1)
    default:
      return object(random, depth - 1)
  }
}

const list = (random: Random, depth: number): unknown[] =>
  Array.from({ length: random(random(20) === 0 ? 80 : 6) }, () => value(random, depth))

function object(random: Random, depth: number): Record<string, unknown> {
  const entries = Array.from({ length: random(random(20) === 0 ? 120 : 6) }, () => [
    random(3) === 0 ? `k${random(300)}` : `${TEXTS[random(TEXTS.length)]}`,
    value(random, depth),
  ])
  return Object.fromEntries(entries) as Record<string, unknown>
}
