/**
 * Bodies of the Data API, mutated from a valid corpus so that about half pass the outer layer: whatever is sent, the caller is
 * told what is wrong with it and the service serves on. SCALE 1: 100,000 bodies.
 */
import { gzipSync } from 'node:zlib'
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Random } from '../builtins/encoding/random.ts'
import { SMALL } from '../bundle/bundle-fixture.ts'
import { type ApiUnderTest, loadFixture, openApi } from './api-fixture.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const BODIES = Math.max(2000, Math.round(100_000 * SCALE))
const AT_ONCE = 32

let api: ApiUnderTest
let pool: Pool
beforeAll(async () => {
  api = await openApi(await loadFixture(SMALL))
  pool = new Pool(`http://127.0.0.1:${api.port}`, { connections: AT_ONCE })
})
afterAll(async () => {
  await pool.destroy()
  await api.close()
})

const INPUTS = [
  '{"a":1}',
  '[1,2,{"b":[]}]',
  '"text"',
  'null',
  '1.50',
  '-0',
  '12345678901234567890',
  '1e400',
  '"\\u00e9\\ud83d\\ude00"',
  '{"client":{"active":true,"client_id":"c"},"token":{"client_id":"c"}}',
  // Not `x`: on that a rule of the fixture conflicts, which is a 500 of its own.
  '{"w":{"y":{"z":[[[]]]}}}',
  '{"secret":"s","hay":"aaa","needle":"a"}',
]

interface Target {
  readonly path: string
  readonly type: string
  corpus(random: Random): string
}

const input = (random: Random) => random.pick('{"a":1}', ...INPUTS)
const TARGETS: readonly Target[] = [
  { path: '/v1/data/probe/echo', type: 'application/json', corpus: (random) => `{"input":${input(random)}}` },
  {
    path: '/v1/data/authz/revoke/decision',
    type: 'application/json',
    corpus: (random) => `{"input":${input(random)}}`,
  },
  { path: '/v1/data', type: 'application/json', corpus: (random) => `{"input":${input(random)},"other":1}` },
  { path: '/v0/data/probe/echo', type: 'application/json', corpus: input },
  { path: '/', type: 'application/json', corpus: input },
  {
    path: '/v1/batch/data/probe/echo',
    type: 'application/json',
    corpus: (random) => `{"common_input":${input(random)},"inputs":{"a":${input(random)},"b":${input(random)}}}`,
  },
  {
    path: '/v1/data/probe/echo',
    type: 'application/yaml',
    corpus: (random) => `input: ${input(random)}\nmore:\n  - &x 1\n  - *x\n`,
  },
]

const MARKS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\ud800',
  '\u0000',
  '\ufeff',
  '-',
  '.',
  'e9',
  'null',
  '&x ',
  '*x',
  '\n',
  '\t',
  '#',
  '!!binary ',
  '<<: ',
]

/** Zero to three changes: inside values most stay well formed. */
function mutate(text: string, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(text)
  const changes = random.pick(0, 1, 1, 2, 3)
  for (let change = 0; change < changes; change++) bytes = changeOnce(bytes, random)
  return bytes
}

function changeOnce(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + random.between(1, 6))
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
  switch (random.below(7)) {
    case 0:
      return Buffer.concat([before, after])
    case 1:
      return Buffer.concat([before, middle, middle, after])
    case 2:
      return Buffer.concat([before, Buffer.from(random.pick('{', ...MARKS)), middle, after])
    case 3:
      return Buffer.concat([before, Buffer.from([random.below(256)]), after])
    case 4:
      // Another digit or letter in place of one: well formed still.
      return Buffer.from(bytes.map((byte, place) => (place === at && /\w/.test(String.fromCharCode(byte)) ? 49 : byte)))
    case 5:
      return Buffer.concat([
        before,
        Buffer.from('[').subarray(0, 1),
        Buffer.from('['.repeat(random.below(300))),
        middle,
        after,
      ])
    default:
      return Buffer.concat([before, Buffer.from(` ${' '.repeat(random.below(40))}`), middle, after])
  }
}

function encode(body: Buffer, random: Random): { readonly body: Buffer; readonly encoding?: string } {
  if (!random.chance(8)) return { body }
  const zipped = gzipSync(body)
  if (random.chance(2)) zipped[random.below(zipped.length)] = random.below(256)
  return { body: random.chance(4) ? zipped.subarray(0, random.below(zipped.length)) : zipped, encoding: 'gzip' }
}

it(`tells the caller what is wrong with each of ${BODIES} bodies, and serves on (checklist 52)`, async () => {
  const random = new Random(52)
  const seen = new Map<number, number>()
  const wrong: object[] = []
  const send = async () => {
    const target = TARGETS[random.below(TARGETS.length)]
    if (target === undefined) return
    const { body, encoding } = encode(mutate(target.corpus(random), random), random)
    const headers = { 'content-type': target.type, ...(encoding !== undefined && { 'content-encoding': encoding }) }
    const answer = await pool.request({ method: 'POST', path: target.path, headers, body })
    const text = await answer.body.text()
    seen.set(answer.statusCode, (seen.get(answer.statusCode) ?? 0) + 1)
    if (![200, 207, 400, 404, 413].includes(answer.statusCode) || !isJson(text)) {
      wrong.push({ path: target.path, body: body.toString('latin1'), encoding, status: answer.statusCode, text })
    }
  }
  for (let sent = 0; sent < BODIES; sent += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, send))
  expect(wrong).toEqual([])
  const accepted = (seen.get(200) ?? 0) + (seen.get(207) ?? 0) + (seen.get(404) ?? 0)
  expect(accepted).toBeGreaterThan(BODIES * 0.4)
  expect(seen.get(400)).toBeGreaterThan(BODIES * 0.2)
  const after = await pool.request({ method: 'POST', path: '/v1/data/probe/echo', body: '{"input":7}' })
  expect(await after.body.json()).toMatchObject({ result: { input: 7, answer: 42 } })
  expect(api.lines.join()).not.toContain('policy API failed')
}, 600_000)

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
