/** A node as each thread opens one: what a policy prints goes to the operational log, and evaluations have the deadline. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../observability/logger.ts'
import { FIXTURE_KEYS, type FixtureSource, packFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import { createDataNode, type DataNode } from './data-node.ts'
import { openNode } from './open-node.ts'

const TALKATIVE: FixtureSource = {
  roots: ['talk', 'system'],
  entrypoints: ['talk/said', 'talk/slow', 'talk/flood', 'system/log/drop'],
  rego: {
    'talk.rego': `package talk

said if {
	print("for", input.user, input.nothing)
	trace("noted")
}

flood if every i in numbers.range(1, 200) { print(i) }

slow := sum([1 | some i in numbers.range(1, input.n); some j in numbers.range(1, input.n); i == j])
`,
    'log.rego': 'package system.log\n\ndrop if input.path == "nothing"\n',
  },
}

let directory: string
let node: DataNode
let lines: Record<string, unknown>[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'open-node-'))
  lines = []
  const destination = new Writable({
    write: (chunk, _, done) => {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line))
      done()
    },
  })
  const logger = createLogger({ level: 'debug', destination })
  const place = { name: 'n1', logDirectory: directory, id: 'test', version: '0', deadlineMs: 120 }
  node = openNode(place, (options) => createDataNode(options).node, { logger }).node
  const source = await packFixture(TALKATIVE, 1)
  await node.activate([await loadBundle(source, { name: 'sallyport', keys: FIXTURE_KEYS, requiredEntrypoints: [] })])
})
afterEach(async () => {
  await node.close()
  await rm(directory, { recursive: true })
})

describe('a node', () => {
  it('logs what a policy prints, under the id of the decision, and notes of trace at debug', async () => {
    const { decisionId } = await node.evaluate({ path: ['talk', 'said'], input: { user: 'u1', secret: 'canary' } })
    expect(lines).toMatchObject([
      { level: 30, msg: 'policy print', decision_id: decisionId, printed: 'for u1 <undefined>' },
      { level: 20, msg: 'policy trace', decision_id: decisionId, printed: 'noted' },
    ])
    expect(JSON.stringify(lines)).not.toContain('canary')
  })

  it('logs no more than a hundred lines of one evaluation', async () => {
    await node.evaluate({ path: ['talk', 'flood'], input: {} })
    expect(lines).toHaveLength(101)
    expect(lines.at(-1)).toMatchObject({ printed: 'more lines were printed' })
  })

  it('has no answer for a question that takes longer than the deadline, and answers the next', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const slow = node.evaluate({ path: ['talk', 'slow'], input: { n: 5000 } })
      await expect(slow).rejects.toMatchObject({ reason: 'timeout' })
      expect(await node.evaluate({ path: ['talk', 'slow'], input: { n: 5 } })).toMatchObject({ result: '5' })
    }
  })
})
