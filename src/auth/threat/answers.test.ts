/** Signals are answered behind requests: in order, tried again, and bounded. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { DecisionResult } from '../../policy-engine/contract/index.ts'
import type { ThreatAction } from '../../policy-engine/contract/threat.ts'
import { clientRecord, openSurroundings, type Surroundings, TENANT, userRecord } from '../session/endpoint-fixture.ts'
import { type Answers, openAnswers } from './answers.ts'
import type { Signal } from './signal.ts'

let around: Surroundings
let answers: Answers
let acted: string[]
let failures: string[]

const answered = (...actions: ThreatAction[]): DecisionResult<'threat'> => ({
  allow: true,
  reasons: [],
  obligations: { actions, throttle_seconds: 60, throttle_per_minute: 5 },
})

beforeEach(async () => {
  around = await openSurroundings({})
  acted = []
  failures = []
  await around.store.users.create(TENANT, userRecord())
  await around.store.clients.create(TENANT, clientRecord())
  const metric = { inc: () => undefined }
  answers = openAnswers({
    store: around.store,
    decide: around.decide,
    audit: around.audit,
    clock: around.clock,
    throttles: { set: async (_tenant, about) => void acted.push(`throttle ${about.kind}`) },
    act: {
      endSession: async (_tenant, { sid, sub }) => acted.push(`end ${sid} of ${sub}`),
      endSessions: async (_tenant, sub, ends) => acted.push(`end ${ends} of ${sub}`),
      notify: (user, { signal }, done) => acted.push(`tell ${user.sub} of ${signal} after ${done.length}`),
    },
    metrics: { threatSignals: metric, threatAnswers: metric },
    onFailure: (_error, signal) => failures.push(signal),
  })
})
afterEach(async () => {
  await answers.close()
  await around.close()
})

const about: Signal = {
  signal: 'refresh_reuse',
  tenant: TENANT,
  count: 1,
  sub: userRecord().sub,
  clientId: clientRecord().clientId,
}
const events = () => around.events.map(({ event, detail }) => `${event} ${detail}`)

test('each action is done to whom the signal is about, and told; without anybody there is nothing to do', async () => {
  const all = [
    'notify',
    'throttle',
    'step_up',
    'revoke_grant',
    'end_session',
    'end_sessions',
    'revoke_user',
    'revoke_client',
  ] as const
  around.answers.threat = () => answered(...all)
  answers.raise(about)
  await answers.settled()
  const { sub } = userRecord()
  // The last is what revoke_user ends beside the epoch.
  const ended = [`end none of ${sub}`, `end all of ${sub}`, `end all of ${sub}`]
  // The letter is last, and says what was done: of no grant is known, so that none was ended, nor a session by it.
  expect(acted).toEqual(['throttle client', ...ended, `tell ${sub} of refresh_reuse after 5`])
  const user = await around.store.users.find(TENANT, sub)
  expect(user?.revocationEpoch).toBe(userRecord().revocationEpoch + 1)
  expect(events()).not.toContain('threat_answered refresh_reuse:revoke_grant')
  expect(events()).toContain('threat_answered refresh_reuse:revoke_client')
  acted = []
  answers.raise({ signal: 'failure_surge', tenant: TENANT, count: 5 })
  await answers.settled()
  expect(acted).toEqual([])
})

test('a source is throttled before client and person', async () => {
  around.answers.threat = () => answered('throttle')
  answers.raise({ ...about, signal: 'credential_stuffing', source: { kind: 'subnet', address: '192.0.2.1' } })
  await answers.settled()
  expect(acted).toEqual(['throttle subnet'])
  expect(around.asked.at(-1)?.input).toMatchObject({ source: 'subnet', signal: 'credential_stuffing' })
  expect(JSON.stringify(around.asked)).not.toContain('192.0.2')
})

test('a deny does nothing; what was not to be had is asked again, and the signal is told once', async () => {
  around.answers.threat = () => ({ allow: false, reasons: ['tenant_not_allowed'] })
  answers.raise(about)
  await answers.settled()
  expect([acted, events()]).toEqual([[], ['risk_signal refresh_reuse', 'threat_answered refresh_reuse:none']])
  around.events.length = 0
  let asked = 0
  around.answers.threat = () => {
    asked += 1
    if (asked === 1) throw new PolicyUnavailable('timeout', 'threat')
    return answered('notify')
  }
  answers.raise(about)
  await answers.settled()
  expect(asked).toBe(2)
  expect(events()).toEqual(['risk_signal refresh_reuse', 'threat_answered refresh_reuse:notify'])
})

test('a flood of signals is bounded, and what found no room is told', async () => {
  around.answers.threat = () => answered()
  for (let count = 0; count < 1_100; count++) answers.raise(about)
  expect(failures).toHaveLength(100)
  await answers.settled()
  expect(events().filter((event) => event.startsWith('risk_signal'))).toHaveLength(1_000)
})
