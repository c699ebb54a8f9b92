import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Reply } from '../../http/message.ts'
import { networkOf } from '../../http/network-of.ts'
import type { DecisionInput, DecisionResult } from '../../policy-engine/contract/index.ts'
import {
  clientRecord,
  cookieOf,
  openSurroundings,
  type RequestParts,
  type Surroundings,
  TENANT,
  userRecord,
} from '../session/endpoint-fixture.ts'
import { startInteraction } from '../session/interaction.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import { signInSurroundings } from '../sign-in/sign-in-fixture.ts'
import { createGate } from '../user/password/gate.ts'
import { createPasswordHasher } from '../user/password/hasher.ts'
import { type LoginHandlers, loginHandlers } from './login-handlers.ts'

type Login = DecisionInput<'login'>
const allowed = (next: 'password' | 'none'): DecisionResult<'login'> => ({
  allow: true,
  reasons: [],
  obligations: {
    next,
    offers: [],
    acr: 'urn:sallyport:acr:password',
    amr: ['pwd'],
    session_ttl_seconds: 600,
    session_idle_seconds: 600,
    remember_device_seconds: 0,
    wait_seconds: 0,
  },
})
/** As the shipped policy judges, with a limit of three. */
const judge = ({ stage, risk: { failures }, factors, subject }: Login): DecisionResult<'login'> => {
  if (Math.max(failures.here, failures.account) >= 3 || failures.address >= 5)
    return { allow: false, reasons: ['too_many_attempts'] }
  if (stage === 'attempt') return allowed('password')
  if (factors.password !== 'verified' || !subject) return { allow: false, reasons: ['wrong_credentials'] }
  return subject.active ? allowed('none') : { allow: false, reasons: ['subject_inactive'] }
}

const BROWSER = '__Host-sallyport_browser'
const SESSION = '__Host-sallyport_session'

let around: Surroundings
let pages: LoginHandlers
let browser: string
let interaction: string
beforeEach(async () => {
  around = await openSurroundings({ login: judge })
  pages = loginHandlers(signInSurroundings(around))
  await around.store.clients.create(TENANT, clientRecord())
  const passwordHash = await around.passwords.hash('correct horse')
  await around.store.users.create(TENANT, userRecord({ passwordHash }))
  await around.store.users.create(TENANT, userRecord({ sub: 'gone', userName: 'gone', active: false, passwordHash }))
  ;({ browser, interaction } = await begin())
})
afterEach(() => around.close())

async function begin() {
  const started = await startInteraction(around, around.request(), {
    v: 1,
    clientId: 'client-1',
    redirectUri: 'https://app.example/cb',
    scopes: ['openid'],
    resources: [],
    createdAt: Math.floor(around.clock.nowMs() / 1000),
  })
  const cookie = cookieOf({ status: 303, headers: { 'set-cookie': started.cookie } }, BROWSER) ?? ''
  return { browser: cookie, interaction: started.id }
}

const at = (parts: RequestParts = {}) =>
  around.request({ query: { interaction }, cookies: { [BROWSER]: browser }, ...parts })
const tokenIn = (reply: Reply): string => /name="form_token" value="([^"]+)"/.exec(String(reply.body))?.[1] ?? ''
const show = (parts?: RequestParts) => pages.showLogin(at(parts))
const submit = async (username: string, password: string, parts: RequestParts = {}) => {
  const form_token = tokenIn(await show())
  return pages.login(at({ method: 'POST', form: { form_token, username, password }, ...parts }))
}
const textOf = (reply: Reply): string => String(reply.body).replaceAll(/nonce[^ >;]+|value="[^"]*"/g, '')
const failsWith = (code: string) => expect.objectContaining({ code })

test('shows the page of the client that waits, and signs in: 303, new session, account count cleared (checklist 9, 44)', async () => {
  const page = await show()
  expect(page.status).toBe(200)
  expect(page.body).toContain('Photo Prints')
  expect(page.headers?.['content-security-policy']).toContain("form-action 'self' https:;")

  await submit('ada@example.com', 'wrong')
  const reply = await submit(' ADA@example.com ', 'correct horse')
  expect(reply.status).toBe(303)
  expect(reply.headers?.location).toBe(`/oauth/authorize/resume?interaction=${interaction}`)
  const session = cookieOf(reply, SESSION) ?? ''
  expect(session).toHaveLength(43)
  expect(around.events.map(({ event, sub, client_id }) => ({ event, sub, client_id }))).toEqual([
    { event: 'sign_in_failed', sub: 'sub-1', client_id: 'client-1' },
    { event: 'device_added', sub: 'sub-1', client_id: undefined },
    { event: 'sign_in', sub: 'sub-1', client_id: 'client-1' },
  ])
  const inputs = around.asked.map(({ input }) => input as Login)
  expect(inputs.at(-2)).toMatchObject({
    stage: 'attempt',
    factors: { password: 'absent' },
    risk: { failures: { here: 1, address: 1 } },
  })
  expect(inputs.at(-2)?.subject).toBeUndefined()
  expect(inputs.at(-1)).toMatchObject({
    stage: 'factors',
    factors: { password: 'verified' },
    subject: { sub: 'sub-1', active: true, roles: ['user'] },
    client: { client_id: 'client-1', auth_method: 'none' },
  })
  await submit('ada@example.com', 'wrong')
  expect(around.asked.at(-1)?.input).toMatchObject({ risk: { failures: { here: 0, address: 1 } } })
})

test('the same page and status for an unknown user, a wrong password, and an inactive one (checklist 37)', async () => {
  const wrong = await submit('ada@example.com', 'wrong password')
  const unknown = await submit('nobody@example.com', 'wrong password')
  const inactive = await submit('gone', 'correct horse')
  expect([wrong.status, unknown.status, inactive.status]).toEqual([401, 401, 401])
  const pages = [wrong, unknown, inactive].map((reply) =>
    textOf(reply).replaceAll(/ada@example.com|nobody@example.com|gone/g, 'whoever it was'),
  )
  expect(new Set(pages).size).toBe(1)
  expect(textOf(wrong)).toContain('The user name or the password is wrong.')
  for (const reply of [wrong, unknown, inactive]) expect(reply.headers?.['set-cookie']).toBeUndefined()
  expect(around.events.map(({ detail }) => detail)).toEqual([
    'wrong_credentials',
    'wrong_credentials',
    'subject_inactive',
  ])
})

test('nothing personal and no password goes to policy, audit or store keys (checklist 34)', async () => {
  await submit('canary-user@example.com', 'canary-password')
  await submit('ada@example.com', 'correct horse')
  expect(JSON.stringify([around.asked, around.events])).not.toMatch(/canary|ada@|correct horse/)
})

describe('limits (checklist 38)', () => {
  test('by account, known or not, before anything is hashed; they end with their window', async () => {
    let hashed = 0
    const counting = {
      ...around.passwords,
      verify: (password: string, stored: string | undefined) => {
        hashed += 1
        return around.passwords.verify(password, stored)
      },
    }
    pages = loginHandlers({ ...signInSurroundings(around), passwords: counting })
    for (const name of ['ada@example.com', 'nobody']) {
      // Each address may fail five times; so each account is tried from its own.
      const parts = { address: name === 'nobody' ? '198.51.100.1' : '198.51.100.2' }
      for (let round = 0; round < 3; round += 1) expect((await submit(name, 'wrong', parts)).status).toBe(401)
      hashed = 0
      await expect(submit(name.toUpperCase(), 'correct horse', parts)).rejects.toMatchObject({
        code: 'slow_down',
        retryAfterSeconds: 900,
      })
      expect(hashed).toBe(0)
    }
    around.clock.set(around.clock.nowMs() + 60 * 60 * 1000)
    ;({ browser, interaction } = await begin())
    expect((await submit('ada@example.com', 'correct horse')).status).toBe(303)
  })

  test('by address, IPv6 by /64; then not even the page is shown', async () => {
    const from = (last: number) => ({ address: `2001:db8:1:2::${last}` })
    for (let round = 0; round < 5; round += 1) await submit(`user-${round}`, 'wrong', from(round))
    await expect(submit('ada@example.com', 'correct horse', from(99))).rejects.toEqual(failsWith('slow_down'))
    await expect(show(from(100))).rejects.toEqual(failsWith('slow_down'))
    expect((await submit('ada@example.com', 'correct horse', { address: '2001:db8:1:3::1' })).status).toBe(303)
    expect(networkOf('2001:db8::1')).toBe(networkOf('2001:0db8:0:0:ffff::'))
    expect(networkOf('::1')).toBe('0:0:0:0')
    expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
  })

  test('many attempts at once do not pass under the limit', async () => {
    const form_token = tokenIn(await show())
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        pages.login(
          at({ form: { form_token, username: 'ada@example.com', password: 'wrong' }, address: `192.0.2.${n}` }),
        ),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })
})

describe('login CSRF (checklist 12)', () => {
  const refused = (parts: RequestParts) => expect(pages.login(at({ method: 'POST', ...parts }))).rejects
  const credentials = { username: 'ada@example.com', password: 'correct horse' }

  test('a form without, or with another interaction or browser’s token, signs nobody in', async () => {
    const own = tokenIn(await show())
    const theirs = await begin()
    const [oldBrowser, oldInteraction] = [browser, interaction]
    ;({ browser, interaction } = theirs)
    const foreign = tokenIn(await show())
    ;[browser, interaction] = [oldBrowser, oldInteraction]
    await refused({ form: credentials }).toEqual(failsWith('access_denied'))
    await refused({ form: { ...credentials, form_token: foreign } }).toEqual(failsWith('access_denied'))
    await refused({ form: { ...credentials, form_token: own }, cookies: { [BROWSER]: theirs.browser } }).toEqual(
      failsWith('invalid_request'),
    )
    await refused({ form: { ...credentials, form_token: own }, cookies: {} }).toEqual(failsWith('invalid_request'))
    await refused({ form: { ...credentials, form_token: own }, query: { interaction: theirs.interaction } }).toEqual(
      failsWith('invalid_request'),
    )
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as Record<
      string,
      string
    >[])
      await refused({ form: { ...credentials, form_token: own }, headers }).toEqual(failsWith('access_denied'))
    expect(around.events).toEqual([])
  })

  test('an interaction that is unknown, ended, or missing gives an error and no page', async () => {
    await expect(show({ query: {} })).rejects.toEqual(failsWith('invalid_request'))
    await expect(show({ query: { interaction: 'x'.repeat(43) } })).rejects.toEqual(failsWith('invalid_request'))
    around.clock.set(around.clock.nowMs() + 31 * 60 * 1000)
    await expect(show()).rejects.toEqual(failsWith('invalid_request'))
  })
})

test('a missing field is told beside the field, and nothing is asked or counted', async () => {
  const noName = await submit('', 'x')
  expect(noName.status).toBe(400)
  expect(noName.body).toMatch(/id="username-fault">Enter your user name or .*e-mail.* address\./)
  await submit('ada', '')
  const page = await pages.showPassword(at())
  const noPassword = await pages.password(at({ method: 'POST', form: { form_token: tokenIn(page) } }))
  expect(noPassword.status).toBe(400)
  expect(noPassword.body).toContain('id="password-fault">Enter your password.')
  expect(noPassword.body).toContain('value="ada"')
  expect((await submit('x'.repeat(300), 'y')).status).toBe(400)
  expect(around.asked.every(({ input }) => (input as Login).stage === 'attempt')).toBe(true)
})

test('policy that is unavailable, allows a failed password, or asks for more than this page has, signs nobody in', async () => {
  around.answers = { login: ({ stage }) => allowed(stage === 'attempt' ? 'password' : 'none') }
  await expect(submit('ada@example.com', 'wrong')).rejects.toEqual(failsWith('access_denied'))
  await expect(submit('nobody', 'wrong')).rejects.toEqual(failsWith('access_denied'))
  around.answers = { login: () => allowed('password') }
  const more = await submit('ada@example.com', 'correct horse')
  expect([more.status, more.headers?.['set-cookie']]).toEqual([303, undefined])
  around.answers = {}
  await expect(show()).rejects.toMatchObject({ name: 'PolicyUnavailable' })
  expect(around.events.filter(({ event }) => event === 'sign_in')).toEqual([])
})

test('a refused network or tenant is 403, also on the page', async () => {
  const form_token = tokenIn(await show())
  around.answers = { login: () => ({ allow: false, reasons: ['network_not_allowed'] }) }
  await expect(show()).rejects.toEqual(failsWith('access_denied'))
  const form = { form_token, username: 'ada@example.com', password: 'correct horse' }
  await expect(pages.login(at({ method: 'POST', form }))).rejects.toEqual(failsWith('access_denied'))
})

test('a server that hashes all it can answers 503 (checklist 36)', async () => {
  pages = loginHandlers({
    ...signInSurroundings(around),
    passwords: createPasswordHasher(createGate({ concurrent: 1, waiting: 0 })),
  })
  const form_token = tokenIn(await show())
  const outcomes = await Promise.allSettled(
    ['a', 'b'].map((username) => pages.login(at({ form: { form_token, username, password: 'wrong' } }))),
  )
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  expect(refused).toEqual([failsWith('temporarily_unavailable')])
})

test('who cancels goes back to the client with access_denied, once, and audit says so (RFC 6749 4.1.2.1)', async () => {
  const cancel = async (form_token: string) => pages.login(at({ method: 'POST', form: { form_token, answer: 'deny' } }))
  const token = tokenIn(await show())
  await expect(cancel('forged')).rejects.toMatchObject({ code: 'access_denied' })
  const reply = await cancel(token)
  expect(reply.status).toBe(303)
  const location = new URL(String(reply.headers?.location))
  expect(location.origin + location.pathname).toBe('https://app.example/cb')
  expect(Object.fromEntries(location.searchParams)).toMatchObject({ error: 'access_denied', iss: around.issuer })
  expect(around.events.map(({ event, client_id }) => ({ event, client_id }))).toEqual([
    { event: 'sign_in_refused', client_id: 'client-1' },
  ])
  expect(around.asked.at(-1)).toMatchObject({ name: 'login', input: { stage: 'attempt' } })
  await expect(cancel(token)).rejects.toMatchObject({ code: 'invalid_request' })
})

test('who is named first is asked for the password next, whether there is such an account or not (checklist 37)', async () => {
  const named = async (username: string) => {
    const form_token = tokenIn(await show())
    const reply = await pages.login(at({ method: 'POST', form: { form_token, username } }))
    expect(reply).toEqual({ status: 303, headers: { location: `/login/password?interaction=${interaction}` } })
    return pages.showPassword(at())
  }
  const known = await named('ada@example.com')
  expect(known.body).toContain('value="ada@example.com"')
  expect(textOf(await named('nobody')).replaceAll('nobody', '')).toBe(textOf(known).replaceAll('ada@example.com', ''))
})

test('the password of whoever was named signs in; a cancelled step tells the client (checklist 12)', async () => {
  const form_token = tokenIn(await show())
  await pages.login(at({ method: 'POST', form: { form_token, username: 'ada@example.com' } }))
  const token = tokenIn(await pages.showPassword(at()))
  const post = (form: Record<string, string>) => pages.password(at({ method: 'POST', form }))
  await expect(post({ form_token, password: 'correct horse' })).rejects.toEqual(failsWith('access_denied'))
  const reply = await post({ form_token: token, password: 'correct horse' })
  expect(reply.headers?.location).toBe(`/oauth/authorize/resume?interaction=${interaction}`)
  const cancelled = await post({ form_token: token, answer: 'deny' })
  expect(String(cancelled.headers?.location)).toContain('error=access_denied')
})

test('a page of ours that wants its person anew asks them for no name, and anybody else for all (checklist 42)', async () => {
  const reply = await submit('ada@example.com', 'correct horse')
  const cookies = { [BROWSER]: browser, [SESSION]: cookieOf(reply, SESSION) ?? '' }
  const wanted = async (onlySub: string) => {
    const begun = await signInFor(around, around.request({ cookies }), {
      page: '/account/factors',
      fresh: true,
      onlySub,
    })
    const at = new URL(String(begun.headers?.location), around.issuer)
    return pages.showLogin(
      around.request({ query: { interaction: at.searchParams.get('interaction') ?? '' }, cookies }),
    )
  }
  const own = await wanted('sub-1')
  expect([own.status, String(own.headers?.location)]).toEqual([303, expect.stringMatching(/^\/login\/password\?/)])
  expect((await wanted('somebody else')).status).toBe(200)
})
