/** What is counted about attacks: no two attempts at once see the same, and nothing grows with what is counted. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { MOST_COUNTED } from '../sketch.ts'
import { MAX_RISES, MAX_THROTTLES, NETWORKS_REMEMBERED, type Rise } from '../threat-port.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const CONTENDERS = 50

export function threatConformance(conformance: Conformance): void {
  describe('threats', () => {
    attemptConformance(conformance)
    distinctConformance(conformance)
    seriesConformance(conformance)
    presenceConformance(conformance)
    throttleConformance(conformance)
    riseConformance(conformance)
  })
}

function attemptConformance({ clock, subject }: Conformance): void {
  it('counts attempts with the time of the last, and forgets them a while after it', async () => {
    const { threats } = subject().store
    const [tenant, key] = [newTenant(), randomId()]
    expect(await threats.attempts(tenant, key)).toEqual({ count: 0 })
    expect(await threats.attempt(tenant, key, 60)).toEqual({ before: { count: 0 }, atMs: clock.nowMs() })
    const first = clock.nowMs()
    clock.advance(59)
    expect(await threats.attempt(tenant, key, 60)).toMatchObject({ before: { count: 1, lastAtMs: first } })
    clock.advance(59)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 2, lastAtMs: clock.nowMs() - 59_000 })
    expect(await threats.attempts(newTenant(), key)).toEqual({ count: 0 })
    clock.advance(1)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 0 })
    expect((await threats.attempt(tenant, key, 60)).before).toEqual({ count: 0 })
    await threats.forgetAttempts(tenant, key)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 0 })
  })

  it('takes an attempt back, and its time only where it was the last', async () => {
    const { threats } = subject().store
    const [tenant, key] = [newTenant(), randomId()]
    await threats.attempt(tenant, key, 60)
    const first = clock.nowMs()
    clock.advance(1)
    const second = await threats.attempt(tenant, key, 60)
    await threats.undoAttempt(tenant, key, second)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 1, lastAtMs: first })
    clock.advance(1)
    const third = await threats.attempt(tenant, key, 60)
    clock.advance(1)
    await threats.attempt(tenant, key, 60)
    await threats.undoAttempt(tenant, key, third)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 2, lastAtMs: clock.nowMs() })
    clock.advance(60)
    await threats.undoAttempt(tenant, key, third)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 0 })
    const alone = await threats.attempt(tenant, key, 60)
    for (const _again of [1, 2]) await threats.undoAttempt(tenant, key, alone)
    expect(await threats.attempts(tenant, key)).toEqual({ count: 0 })
  })

  it('lets no two of 50 attempts at once on two nodes see the same (checklist 38, 51)', async () => {
    const { store, another } = subject()
    const nodes = [store, await another()]
    const [tenant, key] = [newTenant(), randomId()]
    const attempts = await Promise.all(
      Array.from({ length: CONTENDERS }, (_, index) => nodes[index % 2]?.threats.attempt(tenant, key, 60)),
    )
    const seen = attempts.map((attempt) => attempt?.before.count ?? -1)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: CONTENDERS }, (_, index) => index))
    await Promise.all(
      attempts.map((attempt, index) => attempt && nodes[index % 2]?.threats.undoAttempt(tenant, key, attempt)),
    )
    expect((await store.threats.attempts(tenant, key)).count).toBe(0)
  })
}

function distinctConformance({ clock, subject }: Conformance): void {
  it('tells about how many different items came, from all nodes, until the window ends', async () => {
    const { store, another } = subject()
    const nodes = [store, await another()]
    const [tenant, key] = [newTenant(), randomId()]
    expect(await store.threats.countDistinct(tenant, key)).toBe(0)
    const items = Array.from({ length: 200 }, (_, index) => `item ${index}`)
    await Promise.all(
      [...items, ...items].map((item, index) => nodes[index % 2]?.threats.addDistinct(tenant, key, item, 60)),
    )
    const counted = await store.threats.countDistinct(tenant, key)
    expect(Math.abs(counted - 200)).toBeLessThanOrEqual(20)
    expect(await store.threats.addDistinct(tenant, key, 'item 0', 60)).toBe(counted)
    expect(await store.threats.countDistinct(newTenant(), key)).toBe(0)
    clock.advance(60)
    expect(await store.threats.countDistinct(tenant, key)).toBe(0)
    expect(await store.threats.addDistinct(tenant, key, 'item 1', 60)).toBe(1)
  })

  it('counts on in the same room, up to what it can tell', async () => {
    const { threats } = subject().store
    const [tenant, key] = [newTenant(), randomId()]
    const counts: number[] = []
    for (let batch = 0; batch < 10; batch++)
      counts.push(
        ...(await Promise.all(
          Array.from({ length: 1_000 }, (_, index) => threats.addDistinct(tenant, key, `${batch} ${index}`, 60)),
        )),
      )
    expect(Math.max(...counts)).toBeLessThanOrEqual(MOST_COUNTED)
    expect(await threats.countDistinct(tenant, key)).toBeGreaterThan(3_000)
  })
}

function seriesConformance({ clock, subject }: Conformance): void {
  it('adds up buckets of time from all nodes, and keeps as many as are asked for', async () => {
    const { store, another } = subject()
    const nodes = [store, await another()]
    const [tenant, key] = [newTenant(), randomId()]
    const at = (bucket: number) => ({ bucket, bucketSeconds: 60, keep: 4 })
    expect(await store.threats.tally(tenant, key, at(100), 0)).toEqual([0, 0, 0, 0])
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => nodes[index % 2]?.threats.tally(tenant, key, at(100), 3)),
    )
    expect(await store.threats.tally(tenant, key, at(100), 0)).toEqual([0, 0, 0, 60])
    clock.advance(120)
    expect(await store.threats.tally(tenant, key, at(102), 5)).toEqual([0, 60, 0, 5])
    expect(await store.threats.tally(tenant, key, at(103), 0)).toEqual([60, 0, 5, 0])
    expect(await store.threats.tally(tenant, key, at(104), 1)).toEqual([0, 5, 0, 1])
    expect(await store.threats.tally(newTenant(), key, at(104), 0)).toEqual([0, 0, 0, 0])
  })
}

function presenceConformance({ clock, subject }: Conformance): void {
  const place = { latitude: 52.5, longitude: -13.4 }

  it('remembers the last networks of a person and the last known place, until then and no longer than the person', async () => {
    const { users, threats } = subject().store
    const [tenant, user] = [newTenant(), aUser(clock.seconds())]
    const arrival = (network: string) => ({ network, at: clock.seconds(), expiresAt: clock.seconds() + 60 })
    await threats.noteArrival(tenant, user.sub, arrival('early'))
    expect(await threats.presence(tenant, user.sub)).toBeUndefined()
    await users.create(tenant, user)
    await threats.noteArrival(tenant, user.sub, { ...arrival('n0'), place })
    const at = clock.seconds()
    expect(await threats.presence(tenant, user.sub)).toEqual({ v: 1, networks: ['n0'], place: { ...place, at } })
    clock.advance(1)
    for (const network of ['n1', 'n2', 'n0', 'n3', 'n4']) await threats.noteArrival(tenant, user.sub, arrival(network))
    const networks = ['n4', 'n3', 'n0', 'n2']
    expect(networks).toHaveLength(NETWORKS_REMEMBERED)
    expect(await threats.presence(tenant, user.sub)).toEqual({ v: 1, networks, place: { ...place, at } })
    expect(await threats.presence(newTenant(), user.sub)).toBeUndefined()
    clock.advance(60)
    expect(await threats.presence(tenant, user.sub)).toBeUndefined()
    await threats.noteArrival(tenant, user.sub, arrival('n5'))
    expect(await threats.presence(tenant, user.sub)).toEqual({ v: 1, networks: ['n5'] })
    await users.delete(tenant, user.sub)
    expect(await threats.presence(tenant, user.sub)).toBeUndefined()
  })
}

function throttleConformance({ clock, subject }: Conformance): void {
  it('tells all nodes what is throttled, until it ends', async () => {
    const { store, another } = subject()
    const [tenant, second] = [newTenant(), await another()]
    const until = clock.nowMs() + 60_000
    await store.threats.throttle(tenant, { key: 'client:a', perMinute: 5, untilMs: until })
    await second.threats.throttle(tenant, { key: 'client:b', perMinute: 0, untilMs: until + 1_000 })
    await second.threats.throttle(tenant, { key: 'client:a', perMinute: 7, untilMs: until })
    const told = async () => (await store.threats.throttles(tenant)).toSorted((a, b) => a.key.localeCompare(b.key))
    expect(await told()).toEqual([
      { key: 'client:a', perMinute: 7, untilMs: until },
      { key: 'client:b', perMinute: 0, untilMs: until + 1_000 },
    ])
    expect(await store.threats.throttles(newTenant())).toEqual([])
    clock.advance(60)
    expect(await told()).toEqual([{ key: 'client:b', perMinute: 0, untilMs: until + 1_000 }])
  })

  it('has room for so many: those that end first go', async () => {
    const { threats } = subject().store
    const tenant = newTenant()
    const all = Array.from({ length: MAX_THROTTLES + 10 }, (_, index) => ({
      key: `client:${index}`,
      perMinute: 1,
      untilMs: clock.nowMs() + 60_000 + index,
    }))
    await Promise.all(all.map((throttle) => threats.throttle(tenant, throttle)))
    const kept = (await threats.throttles(tenant)).map(({ key }) => key)
    expect(kept).toHaveLength(MAX_THROTTLES)
    expect(kept).not.toContain('client:9')
    expect(kept).toContain('client:10')
  })
}

function riseConformance({ clock, subject }: Conformance): void {
  const rise = (key: string, parts: Partial<Rise> = {}): Rise => {
    const atMs = clock.nowMs()
    return { about: 'person', key, signal: 'replay', count: 1, atMs, untilMs: atMs + 60_000, ...parts }
  }

  it('tells all nodes which signals rose about whom, until they end', async () => {
    const { store, another } = subject()
    const [tenant, second] = [newTenant(), await another()]
    const first = rise('a')
    const others = [
      rise('a', { signal: 'refresh_reuse', count: 3 }),
      rise('a', { about: 'client', untilMs: clock.nowMs() + 120_000 }),
    ]
    for (const one of [first, ...others]) await store.threats.noteRise(tenant, one)
    const later = rise('a', { count: 2, atMs: first.atMs + 5, untilMs: first.untilMs + 5 })
    await second.threats.noteRise(tenant, later)
    const told = async () => new Set(await store.threats.rises(tenant))
    expect(await told()).toEqual(new Set([later, ...others]))
    expect(await store.threats.rises(newTenant())).toEqual([])
    clock.advance(61)
    expect(await told()).toEqual(new Set([others[1]]))
  })

  it('has room for so many of one signal about one kind of thing: those that end first go, and none of another', async () => {
    const { threats } = subject().store
    const tenant = newTenant()
    const ends = { untilMs: clock.nowMs() + 30_000 }
    const others = [rise('c', { about: 'client', ...ends }), rise('a', { signal: 'refresh_reuse', ...ends })]
    for (const one of others) await threats.noteRise(tenant, one)
    const all = Array.from({ length: MAX_RISES + 10 }, (_, index) =>
      rise(`p${index}`, { untilMs: clock.nowMs() + 60_000 + index }),
    )
    await Promise.all(all.map((one) => threats.noteRise(tenant, one)))
    const kept = await threats.rises(tenant)
    expect(kept).toHaveLength(MAX_RISES + 2)
    expect(kept).toEqual(expect.arrayContaining([...others, all[10]]))
    expect(kept.map(({ key }) => key)).not.toContain('p9')
  })
}
