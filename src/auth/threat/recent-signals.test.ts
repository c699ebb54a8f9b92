/** Signals of the last hour, as decisions about codes and tokens have them: at once here, soon on other nodes, at no cost while none is. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_RISES } from '../../storage/threat-port.ts'
import { openSurroundings, type Surroundings, TENANT } from '../session/endpoint-fixture.ts'
import { openRecentSignals, type RecentSignals } from './recent-signals.ts'
import { HOUR_SECONDS } from './rules.ts'
import type { Signal } from './signal.ts'
import { testThreats } from './threat-fixture.ts'

const HERE = '192.0.2.1'
const CLIENT = { clientId: 'shop', createdAt: 0 }
const LONG = 3_600_000

let around: Surroundings
let nodes: RecentSignals[]
const failures: unknown[] = []
/** As often as the store was asked to keep something. */
let written: number

function openNode(): RecentSignals {
  const { store, clock } = around
  const threats: Parameters<typeof openRecentSignals>[0]['store']['threats'] = {
    rises: (tenant) => store.threats.rises(tenant),
    noteRise: (tenant, rise) => {
      written += 1
      return store.threats.noteRise(tenant, rise)
    },
  }
  const { keys } = testThreats(around)
  const node = openRecentSignals({
    ...{ store: { threats }, clock, tenant: TENANT, keys, everyMs: LONG },
    onFailure: (error) => failures.push(error),
  })
  nodes.push(node)
  return node
}

beforeEach(async () => {
  around = await openSurroundings({})
  nodes = []
  written = 0
})
afterEach(async () => {
  for (const node of nodes) node.close()
  await around.close()
  expect(failures.splice(0)).toEqual([])
})

const risk = (
  node: RecentSignals,
  sub?: string,
  client: Parameters<RecentSignals['riskOf']>[1] = CLIENT,
  from = HERE,
) => node.riskOf(around.request({ address: from }), client, sub)
/** A node that is reading already reads no second time. */
const readUntil = (node: RecentSignals, count: number) =>
  expect
    .poll(async () => {
      await node.read()
      return risk(node, 'ada')?.person?.refresh_reuse?.count
    })
    .toBe(count)
const later = (seconds: number) => around.clock.set(around.clock.nowMs() + seconds * 1000)
const rise = (parts: Partial<Signal>): Signal => ({ tenant: TENANT, signal: 'replay', count: 1, ...parts })

test('nothing is said of a client that somebody registered while nothing rose, and of one that registered itself what it is', () => {
  const node = openNode()
  expect(risk(node, 'ada')).toBeUndefined()
  const registration = { tokenDigest: 'x', consent: 'always' as const }
  const createdAt = Math.floor(around.clock.nowMs() / 1000) - 30
  expect(risk(node, 'ada', { clientId: 'new', registration, createdAt })).toEqual({
    self_registered: true,
    client_age_seconds: 30,
  })
})

test('each signal is told of whom it is about, with its age, and of nobody else', () => {
  const node = openNode()
  node.note(rise({ signal: 'refresh_reuse', sub: 'ada', clientId: 'shop', count: 5, countAtClient: 2 }))
  node.note(rise({ signal: 'impossible_travel', sub: 'ada' }))
  node.note(rise({ signal: 'introspection_spike', clientId: 'shop', count: 9000 }))
  node.note(rise({ signal: 'credential_stuffing', source: { kind: 'subnet', address: '192.0.2.77' }, count: 100 }))
  later(7)
  node.note(rise({ kind: 'client_assertion', clientId: 'shop', count: 8 }))
  const [old, young] = [7, 0].map((ago) => (count: number) => ({ count, seconds_ago: ago }))
  expect(risk(node, 'ada')).toMatchObject({
    self_registered: false,
    person: { refresh_reuse: old?.(5), impossible_travel: old?.(1) },
    person_at_client: { refresh_reuse: old?.(2) },
    client: { introspection_spike: old?.(9000), replay: young?.(8) },
    subnet: { credential_stuffing: old?.(100) },
  })
  const about = (...asked: Parameters<typeof risk>) =>
    Object.keys(risk(...asked) ?? {}).filter((name) => !/^(self_registered|client_age_seconds)$/.test(name))
  expect(about(node, 'bob', CLIENT, '198.51.100.1')).toEqual(['client'])
  expect(about(node, 'ada', { clientId: 'other', createdAt: 0 }, '198.51.100.1')).toEqual(['person'])
  expect(risk(node, 'bob', { clientId: 'other', createdAt: 0 }, '198.51.100.1')).toBeUndefined()
})

test('what a person shows twice is not held against the client, and what anybody can raise about anybody is not kept', () => {
  const node = openNode()
  node.note(rise({ kind: 'code', sub: 'ada', clientId: 'shop' }))
  node.note(rise({ signal: 'password_guessing', sub: 'eve', count: 10 }))
  node.note(rise({ signal: 'new_device', sub: 'eve' }))
  node.note(rise({ kind: 'request_uri', clientId: 'lent', count: 8 }))
  expect(Object.keys(risk(node, 'ada') ?? {})).toContain('person')
  expect([risk(node, 'eve'), risk(node, undefined, { clientId: 'lent', createdAt: 0 })]).toEqual([undefined, undefined])
  expect(written).toBe(1)
})

test('however often one signal rises, of ever new clients, it crowds out no other: each has room of its own', () => {
  const node = openNode()
  node.note(rise({ signal: 'introspection_spike', clientId: 'shop', count: 9000 }))
  for (let client = 0; client <= MAX_RISES; client++) {
    node.note(rise({ signal: 'consent_phishing', clientId: `made-up-${client}`, count: 10 }))
  }
  expect(risk(node)?.client).toEqual({ introspection_spike: { count: 9000, seconds_ago: 0 } })
  const of = (client: number) => risk(node, undefined, { clientId: `made-up-${client}`, createdAt: 0 })
  expect([of(0), of(1)?.client]).toEqual([undefined, { consent_phishing: { count: 10, seconds_ago: 0 } }])
})

test('another node knows it once it has read, keeps what it noted itself since, and both forget it after an hour', async () => {
  const [here, there] = [openNode(), openNode()]
  here.note(rise({ signal: 'refresh_reuse', sub: 'ada', count: 1 }))
  expect(risk(there, 'ada')).toBeUndefined()
  await readUntil(there, 1)
  expect(risk(there, 'ada')?.person?.refresh_reuse).toEqual({ count: 1, seconds_ago: 0 })
  later(10)
  const stale = await around.store.threats.rises(TENANT)
  there.note(rise({ signal: 'refresh_reuse', sub: 'ada', count: 2 }))
  for (const one of stale) await around.store.threats.noteRise(TENANT, one)
  await there.read()
  expect(risk(there, 'ada')?.person?.refresh_reuse).toEqual({ count: 2, seconds_ago: 0 })
  later(HOUR_SECONDS - 1)
  expect(risk(there, 'ada')).toBeDefined()
  later(1)
  for (const node of [here, there]) expect(risk(node, 'ada')).toBeUndefined()
  await there.read()
  expect(risk(there, 'ada')).toBeUndefined()
})

test('a store that is away is told, and what rose here counts here', async () => {
  const node = openNode()
  await around.store.close()
  node.note(rise({ signal: 'refresh_reuse', sub: 'ada' }))
  await node.read()
  expect(risk(node, 'ada')).toBeDefined()
  await expect.poll(() => failures.length).toBeGreaterThanOrEqual(2)
  failures.length = 0
})
