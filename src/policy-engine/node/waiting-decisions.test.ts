/** Decisions by the contract that wait for another server: under one deadline, one revision, and all of it logged. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { atEnd, serve } from '../../egress/egress-fixture.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, type FixtureSource, signFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import { decisionLogPath, openDecisionLog } from '../decision-log/log.ts'
import { askRevoke } from '../question-fixture.ts'
import { createNode, type PolicyNode } from './node.ts'
import { openOutside } from './outside.ts'

/** The client's id is the port of who is asked. */
const source = (obligation: 'token' | 'grant'): FixtureSource => ({
  roots: ['authz', 'system'],
  entrypoints: ['authz/revoke/decision', 'system/log/mask', 'system/log/drop', 'system/authz/allow'],
  rego: {
    'authz/revoke.rego': `package authz.revoke

ask(path) := http.send({
	"method": "get",
	"url": concat("", ["http://127.0.0.1:", input.client.client_id, path]),
	"timeout": "30s",
})

default allow := false

allow if {
	time.now_ns() > 0
	ask("/first").body.allow
	ask("/second").body.allow
}

decision := {"allow": true, "reasons": [], "obligations": {"revoke": "${obligation}"}} if allow

decision := {"allow": false, "reasons": ["not_owner"]} if not allow
`,
    'system/log.rego': 'package system.log\n\nmask := set()\n\ndrop := false\n',
    'system/authz.rego': `package system.authz

allow if http.send({"method": "get", "url": concat("", ["http://127.0.0.1:", input.identity])}).status_code == 200
`,
  },
})
const load = async (obligation: 'token' | 'grant', version: number) =>
  loadBundle(await writeArchive(signFixture(await buildFixture(source(obligation)), version)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    requiredEntrypoints: [],
  })

const revoke = (port: number) => askRevoke(String(port), 'c')

let directory: string
let node: PolicyNode
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waiting-'))
  atEnd(() => rm(directory, { recursive: true }))
  const metrics = createMetrics('n1')
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'n1' }, metrics })
  const settings = { answerBytes: 65_536, cacheBytes: 0, files: [], variables: {} }
  const outside = openOutside({ ...settings, allow: ['127.0.0.1'], unlisted: 'none' }, metrics.registry)
  node = createNode({ name: 'n1', log, metrics, outside, deadlineMs: 2000 })
  atEnd(() => node.close())
  await node.activate([await load('token', 1)])
})
const lastEvent = async () => {
  const lines = (await readFile(decisionLogPath(directory, 'n1'), 'utf8')).trimEnd().split('\n')
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return events.filter((event) => 'path' in event).at(-1)
}
const recordedIn = (event: Record<string, unknown> | undefined) =>
  event?.nd_builtin_cache as Record<string, Record<string, unknown>> | undefined

/** Answers `allow` at each path; what is false is never answered. */
const answering = (paths: Readonly<Record<string, boolean>>) =>
  serve(({ url = '' }, response) => {
    if (paths[url] === undefined) return undefined
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ allow: paths[url] }))
  })

describe('a decision that asks others', () => {
  it('allows and denies by their answers, which are logged with all that was not determined', async () => {
    const port = await answering({ '/first': true, '/second': true })
    expect(await node.decide('revoke', revoke(port))).toMatchObject({ allow: true, obligations: { revoke: 'token' } })
    const recorded = recordedIn(await lastEvent())
    expect(Object.keys(recorded ?? {}).sort()).toEqual(['http.send', 'time.now_ns'])
    expect(Object.keys(recorded?.['http.send'] ?? {})).toHaveLength(2)
    const denying = await answering({ '/first': true, '/second': false })
    expect(await node.decide('revoke', revoke(denying))).toMatchObject({ allow: false, reasons: ['not_owner'] })
  })

  it('denies where they are not there: what fails is undefined', async () => {
    expect(await node.decide('revoke', revoke(1))).toMatchObject({ allow: false, reasons: ['not_owner'] })
  })

  it('is unavailable at its deadline, and what it was answered until then is logged', async () => {
    const port = await answering({ '/first': true })
    await expect(node.decide('revoke', revoke(port))).rejects.toMatchObject({ reason: 'timeout' })
    const event = await lastEvent()
    expect(event).toMatchObject({ error: { code: 'timeout' } })
    expect(Object.keys(recordedIn(event)?.['http.send'] ?? {})).toHaveLength(1)
  })

  it('ends under the revision that it began with, whose evaluator stays open until then', async () => {
    const waiting: (() => void)[] = []
    const port = await serve((_, response) => {
      waiting.push(() => response.setHeader('content-type', 'application/json').end('{"allow": true}'))
    })
    const before = node.active?.revision
    const decision = node.decide('revoke', revoke(port))
    await expect.poll(() => waiting.length).toBe(1)
    await node.activate([await load('grant', 2)])
    await node.activate([await load('token', 3)])
    await node.activate([await load('grant', 4)])
    for (const go of waiting.splice(0)) go()
    await expect.poll(() => waiting.length).toBe(1)
    for (const go of waiting) go()
    expect(await decision).toMatchObject({ allow: true, obligations: { revoke: 'token' }, revision: before })
    const next = await answering({ '/first': true, '/second': true })
    expect(await node.decide('revoke', revoke(next))).toMatchObject({ obligations: { revoke: 'grant' } })
  })

  it('goes on beside many others, each by its own answers', async () => {
    const port = await answering({ '/first': true, '/second': true })
    const denying = await answering({ '/first': false })
    const all = Array.from({ length: 60 }, (_, at) => node.decide('revoke', revoke(at % 3 === 0 ? denying : port)))
    const allowed = (await Promise.all(all)).map(({ allow }) => allow)
    expect(allowed).toEqual(allowed.map((_, at) => at % 3 !== 0))
  })

  it('is no access rule: what judges callers cannot wait, and refuses', async () => {
    const port = await serve((_, response) => response.end())
    expect(node.allows({ identity: String(port) })).toBe(false)
  })
})
