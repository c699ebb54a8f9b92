/** For tests: one policy that calls `http.send` with its input, on OPA's own server and on a node of ours. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { createMetrics } from '../../../observability/metrics.ts'
import { loadFixture } from '../../api/api-fixture.ts'
import { type OpaServer, startOpa } from '../../api/opa-server-fixture.ts'
import type { FixtureSource } from '../../bundle/bundle-fixture.ts'
import { openDecisionLog } from '../../decision-log/log.ts'
import { createNode, type PolicyNode } from '../../node/node.ts'
import { type OutsideSettings, openOutside } from '../../node/outside.ts'

export const CALLS: FixtureSource = {
  roots: ['calls'],
  entrypoints: ['calls/send', 'calls/twice', 'calls/look_up'],
  rego: {
    'calls.rego': `package calls

send := http.send(input)

twice := [http.send(request) | some request in input]

look_up := net.lookup_ip_addr(input)
`,
  },
}

export const SETTINGS: OutsideSettings = {
  allow: ['127.0.0.1', 'localhost'],
  unlisted: 'none',
  answerBytes: 1024 * 1024,
  cacheBytes: 1024 * 1024,
  files: [],
  variables: {},
}

export interface Side {
  /** The value of a rule of `calls`; undefined where it is. Rejects where there is no answer at all. */
  ask(rule: string, input: unknown): Promise<unknown>
}

export async function openOurs(settings: Partial<OutsideSettings> = {}, deadlineMs = 10_000) {
  const directory = await mkdtemp(join(tmpdir(), 'calls-'))
  const metrics = createMetrics('test')
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'test' }, metrics })
  const outside = openOutside({ ...SETTINGS, ...settings }, metrics.registry)
  const node: PolicyNode = createNode({ name: 'test', log, metrics, outside, deadlineMs })
  await node.activate([await loadFixture(CALLS)])
  const ask: Side['ask'] = async (rule, input) => {
    const { result } = await node.evaluate({ path: ['calls', rule], input })
    return result === undefined ? undefined : JSON.parse(result)
  }
  return {
    node,
    ask,
    outside,
    metrics,
    close: async () => {
      await node.close()
      await rm(directory, { recursive: true })
    },
  }
}

async function openTheirs(variables: Readonly<Record<string, string>> = {}) {
  Object.assign(process.env, variables)
  const opa: OpaServer = await startOpa(CALLS)
  for (const name of Object.keys(variables)) delete process.env[name]
  const ask: Side['ask'] = async (rule, input) => {
    const answer = await fetch(`http://127.0.0.1:${opa.port}/v1/data/calls/${rule}`, {
      method: 'POST',
      body: JSON.stringify({ input }),
    })
    const body = (await answer.json()) as { readonly result?: unknown }
    if (answer.status !== 200) throw new Error(JSON.stringify(body))
    return body.result
  }
  return { ask, close: opa.close }
}

/** Both, for all tests of a file. */
export function bothSides(settings: () => Partial<OutsideSettings> = () => ({})) {
  const ends: (() => Promise<void>)[] = []
  const sides: { ours?: Side; theirs?: Side } = {}
  beforeAll(async () => {
    const given = settings()
    // Its environment is ours: what our side is told to know of it, OPA knows anyway.
    const theirs = await openTheirs(given.variables)
    ends.push(theirs.close)
    const ours = await openOurs(given)
    ends.push(ours.close)
    Object.assign(sides, { ours, theirs })
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return (): { readonly ours: Side; readonly theirs: Side } => {
    const { ours, theirs } = sides
    if (ours === undefined || theirs === undefined) throw new Error('both are opened before the first test')
    return { ours, theirs }
  }
}
