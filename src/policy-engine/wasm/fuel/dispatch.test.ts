/** Each entrypoint in a function of its own answers what it answered in `eval`. */
import { beforeAll, expect, test } from 'vitest'
import { buildFixture, type FixtureSource } from '../../bundle/bundle-fixture.ts'
import { EvaluationError } from '../../engine.ts'
import { openHost } from '../host.ts'
import { PolicyRunner } from '../runner.ts'
import { type FunctionBody, readBodies } from './code.ts'
import { meterModule } from './meter.ts'
import { readShape } from './sections.ts'

/** More than one byte of LEB128 counts. */
const COUNT = 200
const names = Array.from({ length: COUNT }, (_, at) => `r${at}`)

const MANY: FixtureSource = {
  roots: ['many'],
  entrypoints: ['many', 'many/absent', ...names.map((name) => `many/${name}`)],
  rego: {
    'many.rego': `package many

absent if input.nobody

${names.map((name, at) => `${name} := [${at}, input.x]`).join('\n\n')}
`,
  },
}

let bytes: Uint8Array
beforeAll(async () => {
  bytes = (await buildFixture(MANY)).get('policy.wasm') ?? new Uint8Array()
})

const compiled = async (module: Uint8Array) => ({
  metered: await WebAssembly.compile(meterModule(module)),
  dataJson: Buffer.from('{}'),
})

function evalOf(module: Uint8Array): FunctionBody {
  const shape = readShape(module)
  const [index = -1] = [...shape.names].find(([, name]) => name === 'eval') ?? []
  const body = readBodies(shape)[index - shape.importedFunctions]
  if (body === undefined) throw new Error('no eval')
  return body
}

const sizeOf = ({ start, end }: FunctionBody) => end - start

/** `i32.const 1; i32.ne; br_if 0` compares with 2 instead. */
function otherwise(): Uint8Array {
  const changed = Buffer.from(bytes)
  const { code, end } = evalOf(bytes)
  const at = changed.indexOf(Buffer.of(0x41, 1, 0x47, 0x0d, 0), code)
  expect(at).toBeLessThan(end)
  changed[at + 1] = 2
  return changed
}

test('every entrypoint answers: a rule, one that is undefined, and a package with all of them', async () => {
  const evaluator = await openHost(await compiled(bytes))
  for (const [at, name] of names.entries()) expect(evaluator.evaluate(`many/${name}`, { x: 'y' })).toEqual([at, 'y'])
  expect(evaluator.evaluate('many/absent', {})).toBeUndefined()
  expect(evaluator.evaluate('many', { x: 1 })).toEqual(Object.fromEntries(names.map((name, at) => [name, [at, 1]])))
})

test('eval has no locals but those that all parts read', () => {
  const [before, after] = [evalOf(bytes), evalOf(meterModule(bytes))]
  expect(sizeOf(after)).toBeLessThan(sizeOf(before) / 3)
  const metered = meterModule(bytes)
  // One group, a handful, i32.
  expect([...metered.subarray(after.start, after.code)]).toEqual([1, expect.any(Number), 0x7f])
  expect(metered[after.start + 1]).toBeLessThan(8)
})

test('an id that no entrypoint has ends in an error, and the instance serves on', async () => {
  const runner = await PolicyRunner.open(await compiled(bytes))
  const ask = (id: number) =>
    runner.decide({}, (policy) => {
      runner.setInput(policy, { x: 2 })
      return policy.border.readResult(runner.run(policy, id), false)
    })
  for (const id of [COUNT + 2, -1, 0x7fff_ffff]) expect(() => ask(id)).toThrow(EvaluationError)
  expect(ask(runner.entrypoints.get('many/r7') ?? -1)).toEqual([7, 2])
})

test('an eval of another form stays as it is', async () => {
  const changed = otherwise()
  const [before, after] = [evalOf(changed), evalOf(meterModule(changed))]
  expect(sizeOf(after)).toBeGreaterThan(sizeOf(before))
  const first = [...(await PolicyRunner.open(await compiled(bytes))).entrypoints].find(([, id]) => id === 0)?.[0] ?? ''
  const [one, other] = [await openHost(await compiled(changed)), await openHost(await compiled(bytes))]
  expect(one.evaluate(first, { x: 3 })).toEqual(other.evaluate(first, { x: 3 }))
})
