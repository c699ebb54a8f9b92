/** Built-ins that wait: evaluated again with each answer, once asked for each, until the limits. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Builtin, BuiltinError, PendingAnswer } from '../builtins/builtin.ts'
import { BUILTINS } from '../builtins/table.ts'
import { buildFixture, type FixtureSource } from '../bundle/bundle-fixture.ts'
import { EvaluationError, type EvaluationOptions, EvaluationPending, EvaluationTimeout } from '../engine.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import { newTurn, type SettleOptions, settle } from './settle.ts'
import { RegoObject, type Value } from './value.ts'

const WAITING: FixtureSource = {
  roots: ['waiting'],
  entrypoints: ['waiting/chain', 'waiting/failing', 'waiting/many', 'waiting/times', 'waiting/spin'],
  rego: {
    'waiting.rego': `package waiting

get(url) := http.send({"url": url, "method": "GET"}).body

chain := {"first": get("a"), "second": get(concat("/", ["b", get("a")])), "again": get("a")}

failing := {"answer": [x | x := get("down")], "other": get("a")}

many := [get(format_int(i, 10)) | some i in numbers.range(1, input.count)]

times := {"first": time.now_ns(), "answer": get("a"), "id": uuid.rfc4122("x"), "again": time.now_ns()}

spin if {
	get("a")
	contains(input.hay, input.needle)
}
`,
  },
}

let metered: WebAssembly.Module
beforeAll(async () => {
  const files = await buildFixture(WAITING)
  metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
})

/** Answers each URL with its name, after a turn of the event loop. */
async function open(respond: (url: string, signal: AbortSignal) => Promise<Value | undefined>) {
  const asked: string[] = []
  const send: Builtin = (_, request) => {
    const url = request instanceof RegoObject ? request.get('url') : undefined
    if (typeof url !== 'string') throw new BuiltinError('no URL')
    throw new PendingAnswer(async (signal) => {
      asked.push(url)
      return respond(url, signal)
    })
  }
  const builtins = new Map([...BUILTINS, ['http.send', send] as const])
  const evaluator = await openHost({ metered, dataJson: Buffer.from('{}') }, { builtins })
  let turns = 0
  const turn = newTurn(1_700_000_000_123)
  const ask = (
    entrypoint: string,
    input: unknown = {},
    { strict = false, deadlineMs = 5000, ...limits }: Partial<SettleOptions> & Pick<EvaluationOptions, 'strict'> = {},
  ) => {
    const evaluate = () => {
      turns++
      return evaluator.evaluate(`waiting/${entrypoint}`, input, { strict, ...turn })
    }
    return settle(turn, evaluate, { deadlineMs, ...limits })
  }
  return { evaluator, asked, ask, turn, turns: () => turns }
}
const body = (text: string): Value => RegoObject.fromRecord({ body: text })

describe('built-ins that wait', () => {
  it('are asked once for each request, and what needs an answer sees it', async () => {
    const { ask, asked, turns } = await open(async (url) => body(`<${url}>`))
    expect(await ask('chain')).toEqual({ first: '<a>', second: '<b/<a>>', again: '<a>' })
    expect(asked).toEqual(['a', 'b/<a>'])
    expect(turns()).toBe(3)
  })

  it('make nobody wait who asks nothing', async () => {
    expect((await open(async (url) => body(url))).ask('many')).toEqual([])
  })

  it('see one time and one id in all turns, and leave them recorded with the answers', async () => {
    const { ask, turn } = await open(async (url) => body(url))
    const result = (await ask('times')) as Record<string, unknown>
    expect(result.first).toBe(result.again)
    expect(JSON.stringify(result.first)).toBe('1700000000123000000')
    const recorded = [...turn.recorded.values()].map(({ name, value }) => [name, value])
    expect(recorded).toHaveLength(3)
    expect(recorded).toContainEqual(['uuid.rfc4122', result.id])
    expect(recorded).toContainEqual(['http.send', body('a')])
  })

  it('make the expression undefined when they fail, an error where that is strict, and any other fault ends the decision', async () => {
    const down = async (url: string) => {
      if (url === 'down') throw new BuiltinError('refused')
      return body(url)
    }
    expect(await (await open(down)).ask('failing')).toEqual({ answer: [], other: 'a' })
    const strict = (await open(down)).ask('failing', {}, { strict: true })
    await expect(strict).rejects.toThrow(EvaluationError)
    await expect(strict).rejects.toThrow('http.send failed')
    const broken = await open(async () => {
      throw new TypeError('a bug')
    })
    await expect(broken.ask('failing')).rejects.toThrow(TypeError)
  })

  it('end the decision beyond its number of calls', async () => {
    expect(await (await open(async (url) => body(url))).ask('many', { count: 10 }, { maxCalls: 10 })).toHaveLength(10)
    const more = await open(async (url) => body(url))
    await expect(more.ask('many', { count: 11 }, { maxCalls: 10 })).rejects.toThrow(EvaluationTimeout)
  })

  it('end the decision at its deadline, all its answers counted, and what was asked is told', async () => {
    let aborted = 0
    const never = await open((_, signal) => {
      signal.addEventListener('abort', () => aborted++)
      return new Promise(() => {})
    })
    await expect(never.ask('chain', {}, { deadlineMs: 20 })).rejects.toThrow(EvaluationTimeout)
    expect(aborted).toBe(1)
    const slow = await open(async (url) => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return body(url)
    })
    await expect(slow.ask('many', { count: 30 }, { deadlineMs: 100 })).rejects.toThrow(EvaluationTimeout)
    expect(slow.asked.length).toBeLessThan(12)
  })

  it('end the decision that spins after an answer, by its fuel', async () => {
    const { ask, evaluator } = await open(async (url) => body(url))
    await expect(ask('spin', { hay: 'a'.repeat(400_000), needle: `${'a'.repeat(200_000)}b` })).rejects.toThrow(
      EvaluationTimeout,
    )
    expect(evaluator.evaluate('waiting/many', {})).toEqual([])
  })

  it('are an error to whoever cannot wait, and the instance serves on', async () => {
    const { evaluator } = await open(async (url) => body(url))
    expect(() => evaluator.evaluate('waiting/chain', {})).toThrow(EvaluationPending)
    expect(evaluator.evaluate('waiting/many', {})).toEqual([])
  })
})
