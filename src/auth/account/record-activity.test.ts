import { afterAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { Appended } from '../../storage/activity-port.ts'
import { openSurroundings, TENANT, userRecord } from '../session/endpoint-fixture.ts'
import { recordActivity } from './record-activity.ts'
import { createVisits } from './visits.ts'

const around = await openSurroundings()
afterAll(() => around.close())

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** What a request that comes to a page of ours makes happen. */
async function duringAPage(
  parts: Parameters<typeof around.request>[0],
  run: (request: HttpRequest) => Promise<unknown>,
) {
  const handler = async (asked: HttpRequest) => {
    await run(asked)
    return { status: 200 }
  }
  const row = {
    method: 'POST',
    path: '/login',
    source: '',
    file: '',
    decision: 'login',
    anyOrigin: false,
    actsOnGet: false,
  } as const
  const [page] = visits.over([{ ...row, errors: 'page', handler }])
  await page?.handler(around.request(parts))
}

const visits = createVisits((address) => (address.startsWith('198.') ? 'DE' : undefined))
const failures: unknown[] = []
const recorder = recordActivity({
  store: around.store,
  clock: around.clock,
  visits,
  onFailure: (error) => failures.push(error),
})

const event = (parts: Partial<AuditEvent> & Pick<AuditEvent, 'event'>): AuditEvent => ({
  tenant: TENANT,
  request_id: 'request-1',
  ...parts,
})

async function person(sub: string) {
  await around.store.users.create(TENANT, userRecord({ sub, userName: sub }))
  return { sub, entries: () => around.store.activity.list(TENANT, sub) }
}

test('a sign-in is kept with the browser, network and country of its request, and never the whole address', async () => {
  const { sub, entries } = await person('ada')
  await duringAPage({ headers: { 'user-agent': FIREFOX }, address: '198.51.100.7' }, async () =>
    recorder.hear(event({ event: 'sign_in', sub, client_id: 'shop', decision_id: 'd-1' })),
  )
  const [entry, ...others] = await entries()
  expect(others).toEqual([])
  expect(entry).toMatchObject({
    kind: 'sign_in',
    clientId: 'shop',
    times: 1,
    place: { browser: 'Firefox', system: 'Linux', network: '198.51.100.0/24', country: 'DE' },
  })
  expect(JSON.stringify(entry)).not.toContain('198.51.100.7')
})

test('what happens after the answer, or to no page of ours, has no place', async () => {
  const { sub, entries } = await person('bob')
  await duringAPage({}, async () => undefined)
  await recorder.hear(event({ event: 'grant_revoked', sub, detail: 'refresh_token_reuse' }))
  const [entry] = await entries()
  expect(entry).toMatchObject({ kind: 'grant_revoked', detail: 'refresh_token_reuse' })
  expect(entry?.place).toBeUndefined()
})

test('refused attempts alike are one entry, and a thousand of them leave all else in sight', async () => {
  const { sub, entries } = await person('cleo')
  await recorder.hear(event({ event: 'password_changed', sub }))
  for (let attempt = 0; attempt < 1000; attempt += 1)
    recorder.hear(event({ event: 'sign_in_failed', sub, detail: 'wrong_credentials', request_id: `r${attempt}` }))
  await recorder.settled()
  expect((await entries()).map(({ kind, times }) => [kind, times])).toEqual([
    ['sign_in_failed', 1000],
    ['password_changed', 1],
  ])
})

test('a refused attempt costs the same for nobody as for somebody, and no time of the answer (checklist 37)', async () => {
  const { sub } = await person('dora')
  const calls: [string, Appended][] = []
  const counting = recordActivity({
    store: {
      activity: {
        append: async (_tenant, whose, appended) => {
          calls.push([whose, appended])
          return 'written'
        },
      },
    },
    clock: around.clock,
    visits,
    onFailure: () => undefined,
  })
  expect(counting.hear(event({ event: 'sign_in_failed', sub }))).toBeUndefined()
  expect(counting.hear(event({ event: 'sign_in_failed' }))).toBeUndefined()
  expect(calls).toEqual([])
  await counting.settled()
  expect(calls.map(([whose, { shelf }]) => [whose, shelf])).toEqual([
    [sub, 'refused'],
    ['-', 'refused'],
  ])
})

test('events about nobody, tokens and grants that ended with their session are no activity', async () => {
  const { sub, entries } = await person('emil')
  for (const one of [
    event({ event: 'token_issued', sub }),
    event({ event: 'grant_revoked', sub, detail: 'session_ended' }),
    event({ event: 'rate_limited', sub }),
    event({ event: 'threat_answered', sub, detail: 'new_device:allow' }),
    event({ event: 'sign_in' }),
  ])
    expect(recorder.hear(one)).toBeUndefined()
  expect(await entries()).toEqual([])
})

test('a store that fails is told for what is written afterwards, and rejects what is waited for', async () => {
  const failing = recordActivity({
    store: { activity: { append: async () => Promise.reject(new Error('away')) } },
    clock: around.clock,
    visits,
    onFailure: (error) => failures.push(error),
  })
  failing.hear(event({ event: 'factor_failed', sub: 's' }))
  await failing.settled()
  expect(failures).toMatchObject([{ message: 'away' }])
  await expect(failing.hear(event({ event: 'sign_in', sub: 's' }))).rejects.toThrow('away')
})
