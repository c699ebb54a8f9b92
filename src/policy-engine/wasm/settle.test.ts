/** Built-ins that wait: evaluated again with each answer, once asked for each, until the limits. */
import { systemClock } from '../../kernel/clock.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Builtin, BuiltinError, PendingAnswer } from '../builtins/builtin.ts'
import { buildFixture, type FixtureSource } from '../bundle/bundle-fixture.ts'
import { EvaluationPending, EvaluationTimeout } from '../engine.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import { newTurn, settle } from './settle.ts'
import { RegoObject, type Value } from './value.ts'

const WAITING: FixtureSource = {
  roots: ['waiting'],
  entrypoints: ['waiting/chain', 'waiting/failing', 'waiting/many'],
  rego: {
    'waiting.rego': `package waiting

get(url) := http.send({"url": url, "method": "GET"}).body

chain := {"first": get("a"), "second": get(concat("/", ["b", get("a")])), "again": get("a")}

failing := {"answer": [x | x := get("down")], "other": get("a")}

many := [get(format_int(i, 10)) | some i in numbers.range(1, input.count)]
`,
  },
}

let metered: WebAssembly.Module
beforeAll(async () => {
  const files = await buildFixture(WAITING)
  metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
})

/** Answers each URL with its name, after a turn of the event loop. */
function open(respond: (url: string) => Promise<Value | undefined>) {
  const asked: string[] = []
  const send: Builtin = (_, request) => {
    const url = request instanceof RegoObject ? request.get('url') : undefined
    if (typeof url !== 'string') throw new BuiltinError('no URL')
    throw new PendingAnswer(async () => {
      asked.push(url)
      return respond(url)
    })
  }
  const evaluator = openHost({ metered, dataJson: Buffer.from('{}') }, { builtins: new Map([['http.send', send]]) })
  return { evaluator, asked }
}
const body = (text: string): Value => RegoObject.fromRecord({ body: text })

describe('built-ins that wait', () => {
  it('are asked once for each request, and what needs an answer sees it', async () => {
    const { evaluator, asked } = open(async (url) => body(`<${url}>`))
    const result = await settle(newTurn(systemClock), (turn) => evaluator.evaluate('waiting/chain', {}, turn))
    expect(result).toEqual({ first: '<a>', second: '<b/<a>>', again: '<a>' })
    expect(asked).toEqual(['a', 'b/<a>'])
  })

  it('make the expression undefined when they fail, and any other fault ends the decision', async () => {
    const { evaluator } = open(async (url) => {
      if (url === 'down') throw new BuiltinError('refused')
      return body(url)
    })
    const result = await settle(newTurn(systemClock), (turn) => evaluator.evaluate('waiting/failing', {}, turn))
    expect(result).toEqual({ answer: [], other: 'a' })
    const broken = open(async () => {
      throw new TypeError('a bug')
    })
    const asking = settle(newTurn(systemClock), (turn) => broken.evaluator.evaluate('waiting/failing', {}, turn))
    await expect(asking).rejects.toThrow(TypeError)
  })

  it('end the decision beyond its number of calls, and when whoever asked has gone', async () => {
    const { evaluator } = open(async (url) => body(url))
    const many = (count: number) =>
      settle(newTurn(systemClock), (turn) => evaluator.evaluate('waiting/many', { count }, turn), { maxCalls: 10 })
    expect(await many(10)).toHaveLength(10)
    await expect(many(11)).rejects.toThrow(EvaluationTimeout)
    const never = open(() => new Promise(() => {}))
    const abort = new AbortController()
    const waiting = settle(newTurn(systemClock), (turn) => never.evaluator.evaluate('waiting/chain', {}, turn), {
      signal: abort.signal,
    })
    abort.abort()
    await expect(waiting).rejects.toThrow(EvaluationTimeout)
  })

  it('are an error to whoever cannot wait, and the instance serves on', () => {
    const { evaluator } = open(async (url) => body(url))
    expect(() => evaluator.evaluate('waiting/chain', {})).toThrow(EvaluationPending)
    expect(evaluator.evaluate('waiting/many', {})).toEqual([])
  })
})
