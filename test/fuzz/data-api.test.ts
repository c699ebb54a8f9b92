/**
 * Fuzz of the bodies of the Data API, over keep-alive connections to a served instance: no bytes of a caller end in a 500, a
 * hang or a closed connection, and what is refused is refused by the real OPA too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type OpaServer, startOpaServer } from '../servers/opa-server.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { fuzz } from './fuzz.ts'
import { mutateJson, mutateText } from './mutate.ts'
import { isRefusedOnPurpose } from './stricter.ts'

/** Says what it was given, and looks into it. */
const PROBE = `package probe

# METADATA
# entrypoint: true
echo := {"input": input, "members": count(input), "named": object.get(input, "name", "nobody")}
`
const CONNECTIONS = 16
/** One of so many inputs is put to OPA as well. */
const COMPARE_ONE_IN = 4
const ANSWER_WITHIN_MS = 20_000

let folder: string
let ours: Deployment
let opa: OpaServer
let [toOurs, toOpa]: Pool[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-data-api-'))
  const policies = copyPolicies()
  policies.add('probe/probe.rego', PROBE)
  ours = await deploy('one-process', { bundle: await policies.compile() })
  policies.remove()
  writeFileSync(join(folder, 'probe.rego'), PROBE)
  opa = await startOpaServer({ cwd: folder, args: ['probe.rego'], readyPath: '/health' })
  toOurs = new Pool(ours.policy, { connections: CONNECTIONS, headersTimeout: ANSWER_WITHIN_MS })
  toOpa = new Pool(opa.origin, { connections: CONNECTIONS, headersTimeout: ANSWER_WITHIN_MS })
})
afterAll(async () => {
  await Promise.all([toOurs?.close(), toOpa?.close()])
  await Promise.all([ours?.stop(), opa?.stop()])
  rmSync(folder, { recursive: true })
})

const BODIES: readonly unknown[] = [
  { input: { name: 'alice', roles: ['admin', 'user'], age: 41.5, nested: { a: { b: [1, 2, { c: null }] } } } },
  { input: ['a', 1, true, null, { x: 'é\u2028\u{1f600}' }] },
  { input: 'text' },
  { input: { name: 12_345_678_901, list: [[], {}, [[]]] }, metadata: { tracked: true } },
  { input: {} },
]
const ADDRESSES = [
  '/v1/data/probe/echo',
  '/v1/data/probe/echo?pretty',
  '/v1/data/probe/echo?metrics=true&provenance=true',
  '/v1/data/probe',
  '/v0/data/probe/echo',
] as const
const ONLY_OURS = [
  '/v1/batch/data/probe/echo',
  '/v1/data/authz/revoke/decision',
  '/',
  '/v1/data/system/log/mask',
] as const

interface Sent {
  readonly path: string
  readonly body: Buffer
  /** Unzipped. */
  readonly plain: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly isObject: boolean
}

function make(random: Random): Sent {
  const start = BODIES[random.below(BODIES.length)]
  const ofBatch = { inputs: { one: start, two: start }, common_input: { a: 1 } }
  const path = random.chance(6) ? random.pick(...ONLY_OURS) : random.pick(...ADDRESSES)
  const value = path.startsWith('/v1/batch') ? ofBatch : start
  const plain = random.chance(3)
    ? mutateText(random, JSON.stringify(value))
    : Buffer.from(JSON.stringify(mutateJson(random, value)) ?? '')
  const zipped = random.chance(8)
  const body = zipped ? gzipSync(plain) : plain
  const headers = {
    'content-type': random.pick(
      'application/json',
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
    ),
    ...(zipped && { 'content-encoding': 'gzip' }),
    ...(random.chance(8) && { 'accept-encoding': 'gzip' }),
  }
  return { path, body, plain, headers, isObject: isObject(plain) }
}

function isObject(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

async function send(pool: Pool | undefined, { path, body, headers }: Sent): Promise<{ status: number; text: string }> {
  if (pool === undefined) throw new Error('not started')
  const answer = await pool.request({ method: 'POST', path, body, headers })
  return { status: answer.statusCode, text: await answer.body.text() }
}

const isCompared = ({ path }: Sent) => ADDRESSES.some((address) => address === path)

describe('Data API', () => {
  it('no body ends in a 500 or without an answer; OPA refuses what is refused', { timeout: 3_600_000 }, async () => {
    const differing: string[] = []
    const compare = { asked: 0, stricter: 0 }
    const run = async (random: Random) => {
      const sent = make(random)
      const compared = random.chance(COMPARE_ONE_IN) && isCompared(sent)
      const { status, text } = await send(toOurs, sent)
      if (status >= 500) throw new Error(`${status} ${text} to ${sent.path}: ${sent.body.toString('latin1')}`)
      if (compared) {
        const theirs = await send(toOpa, sent)
        compare.asked += 1
        const stricter = status === 400 && theirs.status !== 400 && isRefusedOnPurpose(sent.plain)
        compare.stricter += Number(stricter)
        if (!stricter && theirs.status !== status) {
          const what = `${sent.path} ${JSON.stringify(sent.headers)} ${sent.plain.toString('latin1').slice(0, 500)}`
          differing.push(`ours ${status}, OPA ${theirs.status} to ${what}`)
        }
      }
      return { said: String(status), deep: sent.isObject }
    }
    const { outcomes } = await fuzz('Data API bodies', run, { atOnce: 4 * CONNECTIONS })
    console.log(`${compare.asked} put to OPA as well, ${compare.stricter} of them refused by ours alone, on purpose`)
    expect(differing.join('\n')).toBe('')
    expect([...outcomes.keys()].sort()).toEqual(['200', '400', '404'])
  })
})
