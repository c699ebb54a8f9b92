import { afterAll, beforeEach, expect, test } from 'vitest'
import { OAuthError, Problem } from '../../kernel/errors.ts'
import { digestOf, randomId } from '../../kernel/ids.ts'
import type { DecisionInput, DecisionResult } from '../../policy-engine/contract/index.ts'
import { formToken } from '../session/csrf.ts'
import { ISSUER, openSurroundings, startedSession, TENANT, userRecord } from '../session/endpoint-fixture.ts'
import { type AccountAction, type AccountVisit, accountPage } from './account-page.ts'
import { signInSurroundings } from './sign-in-fixture.ts'

type Answer = DecisionResult<'account'>
type Obligations = Extract<Answer, { allow: true }>['obligations']

const opened = await openSurroundings()
afterAll(() => opened.close())
const around = { ...signInSurroundings(opened), accountPaths: new Set(['/account']) }

const MFA = 'urn:sallyport:acr:mfa'
const allowed = (parts: Partial<Obligations> = {}): Answer => ({
  allow: true,
  reasons: [],
  obligations: {
    step_up: 'none',
    acr: [MFA],
    max_age_seconds: 600,
    visible: [],
    least_password_characters: 8,
    writable: [],
    notify: false,
    ...parts,
  },
})

let asked: DecisionInput<'account'>[]
let sub: string
let cookie: string
const answering = (answer: Answer) => {
  opened.answers.account = (input) => {
    asked.push(input)
    return answer
  }
}

beforeEach(async () => {
  asked = []
  sub = randomId()
  const user = userRecord({ sub, userName: `${sub}@example.com` })
  await opened.store.users.create(TENANT, user)
  const signedIn = { user, acr: 'urn:sallyport:acr:password', amr: ['pwd'], ttlSeconds: 3600 }
  cookie = /=([^;]+)/.exec((await startedSession(opened, opened.request(), signedIn)).cookie)?.[1] ?? ''
  answering(allowed())
})

const VIEW: AccountAction = { action: 'view', type: 'account', page: '/account' }
const ENDS: AccountAction = { action: 'end_session', type: 'session', id: 's-1', page: '/account/sessions' }

const cookies = () => ({ '__Host-sallyport_session': cookie })

async function run(action: AccountAction, parts: Parameters<typeof opened.request>[0] = {}) {
  const visits: AccountVisit[] = []
  const reply = await accountPage(around, opened.request({ cookies: cookies(), ...parts }), action, async (visit) => {
    visits.push(visit)
    return { status: 200 }
  })
  return { reply, visits }
}

const form = (...about: string[]) => ({
  method: 'POST',
  headers: { 'sec-fetch-site': 'same-origin' },
  form: { form_token: formToken(cookie, 'account', ...about) },
})

const pending = async (location: unknown) => {
  const id = new URL(String(location), ISSUER).searchParams.get('interaction') ?? ''
  return opened.store.interactions.find(TENANT, digestOf(id))
}

test('policy is asked for a view too, with who is signed in and nothing of the person but that', async () => {
  const { reply, visits } = await run(VIEW)
  expect(reply.status).toBe(200)
  expect(visits[0]?.session.user.sub).toBe(sub)
  expect(asked).toMatchObject([
    {
      action: 'view',
      resource: { type: 'account', own: true },
      subject: { sub },
      enrolled: expect.any(Array),
      changed: [],
    },
  ])
  expect(asked[0]?.risk).toBeUndefined()
  expect(JSON.stringify(asked)).not.toContain('@example.com')
})

test('what is done is judged with the risk of the request', async () => {
  await run(ENDS, form('end_session', 'session', 's-1'))
  expect(asked[0]).toMatchObject({ resource: { id: 's-1' }, risk: { impossible_travel: false } })
})

test('nobody is signed in: to the sign-in and back to the page, and nothing is asked or done', async () => {
  const { reply, visits } = await run(ENDS, { ...form('end_session', 'session', 's-1'), cookies: {} })
  expect(reply.status).toBe(303)
  expect(await pending(reply.headers?.location)).toMatchObject({ page: '/account/sessions' })
  expect([visits, asked]).toEqual([[], []])
})

test('a fresh sign-in is demanded: of this person, of the levels that policy names, and the page comes after it (checklist 42)', async () => {
  answering(allowed({ step_up: 'required' }))
  opened.clock.set(opened.clock.nowMs() + 601_000)
  const { reply, visits } = await run({ action: 'change_email', type: 'profile', page: '/account/email' })
  expect(visits).toEqual([])
  expect(await pending(reply.headers?.location)).toMatchObject({
    page: '/account/email',
    essentialAcr: [MFA],
    askSignIn: true,
    onlySub: sub,
  })
  expect(opened.events.at(-1)).toMatchObject({ event: 'step_up_required', sub, detail: 'change_email' })
})

test('only a factor is missing: the session counts beside it', async () => {
  answering(allowed({ step_up: 'required' }))
  const { reply } = await run({ action: 'change_email', type: 'profile', page: '/account/email' })
  const interaction = await pending(reply.headers?.location)
  expect(interaction).toMatchObject({ essentialAcr: [MFA] })
  expect([interaction?.askSignIn, interaction?.onlySub]).toEqual([undefined, undefined])
})

test('a form is of this action, this thing and this session, from our own page, or nothing is asked (checklist 12)', async () => {
  const right = form('end_session', 'session', 's-1')
  const wrong = [
    form('end_session', 'session', 's-2'),
    form('end_session', 'session', ''),
    form('forget_device', 'session', 's-1'),
    { ...right, form: {} },
    { ...right, headers: { 'sec-fetch-site': 'cross-site' } },
    { ...right, headers: { origin: 'https://evil.example' } },
  ]
  for (const parts of wrong) await expect(run(ENDS, parts)).rejects.toBeInstanceOf(OAuthError)
  expect(asked).toEqual([])
  expect((await run(ENDS, right)).visits).toHaveLength(1)
})

test('a deny is a refusal, another’s thing a 404, and nothing is shown or done', async () => {
  answering({ allow: false, reasons: ['action_not_allowed'] })
  await expect(run(VIEW)).rejects.toMatchObject({ code: 'access_denied' })
  answering({ allow: false, reasons: ['not_own', 'action_not_allowed'] })
  await expect(run({ ...ENDS, own: false }, form('end_session', 'session', 's-1'))).rejects.toBeInstanceOf(Problem)
  delete opened.answers.account
  await expect(run(VIEW)).rejects.toMatchObject({ reason: 'no_bundle' })
})
