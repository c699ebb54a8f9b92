/**
 * A session that goes on at another level is told to the clients that take part in it: OpenID CAEP 1.0 3.4. A person steps up
 * with the code of an app, and signs in anew by password alone.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import { startAuthService } from '../servers/auth-service.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { goThrough, parametersOf, redeemCode, told, urlOf } from './authorization.ts'
import { aBrowser, codeAt, confirmTotp, MFA_ACR, openOwnPage, PASSWORD_ACR, signInByPassword } from './factors.ts'
import { callWith, QUICK, type VerifiedSet, verifySet } from './security-events.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

let service: TestService
/** Seconds that the service's clock was moved on. */
let moved = 0
const now = () => Date.now() / 1000 + moved

beforeAll(async () => {
  const receivers = [{ kind: 'stream', name: 'own', clientId: 'own', delivery: { method: 'poll' } }] as const
  service = await startAuthService({ service: { signals: { ...QUICK, receivers } } })
  const { store, population } = service
  const client = await store.clients.find('default', population.own.id)
  if (client === undefined) throw new Error('no client')
  const changed = {
    ...client,
    scopes: [...client.scopes, 'ssf.read'],
    audience: [...client.audience, 'urn:sallyport:platform'],
    version: client.version + 1,
  }
  expect(await store.clients.replace('default', changed, client.version)).toBe('written')
})
afterAll(() => service?.close())

const url = (more: Record<string, string> = {}) =>
  urlOf(service.issuer, parametersOf(service.population.own, { scope: 'openid', ...more }))

async function changes(): Promise<VerifiedSet[]> {
  await until(async () => (await service.store.outbox.waiting('default', 'events')) === 0, 'receivers are found')
  const token = await clientToken(service.issuer, service.population.own, 'ssf.read')
  const { body } = await callWith(service.issuer, token)('POST', '/ssf/poll/own', { returnImmediately: true })
  const sets = await Promise.all(
    Object.values<string>(Object(body.sets)).map((set) => verifySet(service.issuer, set, 'own')),
  )
  return sets.filter(({ type }) => type === 'assurance-level-change')
}

test('a step up and a fall of the level are told, of that session, with both levels (CAEP 1.0 3.4)', async () => {
  const person = await createPersonWithoutFactors(service)
  const browser = aBrowser(service)
  await signInByPassword(service, browser, {}, person)
  const { secret } = await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
  await goThrough(browser, service, url())
  expect(await changes()).toEqual([])

  // The code that confirmed the app is spent.
  service.advance(30)
  moved += 30
  const asked = await browser.visit(url({ acr_values: MFA_ACR }))
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const page = await browser.submit(asked, { code: codeAt(secret, now()) })
  const { body } = await redeemCode(service, service.population.own, told(page).code)
  const { sub, sid, acr } = decodeJwt(String(body.id_token))
  const [up, ...others] = await changes()
  expect([others, acr]).toEqual([[], MFA_ACR])
  expect(up?.claims.sub_id).toEqual({
    format: 'complex',
    user: { format: 'iss_sub', iss: service.issuer, sub },
    session: { format: 'opaque', id: sid },
  })
  expect(up?.event).toMatchObject({
    namespace: 'urn:sallyport:acr',
    previous_level: PASSWORD_ACR,
    current_level: MFA_ACR,
    change_direction: 'increase',
    initiating_entity: 'user',
    event_timestamp: up?.claims.toe,
  })

  // The app was taken away from the person: who signs in anew by password is back at that level.
  await service.store.factors.totp.remove('default', String(sub))
  const fallen = await signInByPassword(service, browser, { scope: 'openid', prompt: 'login' }, person)
  expect(
    decodeJwt(String((await redeemCode(service, service.population.own, told(fallen).code)).body.id_token)),
  ).toMatchObject({ sid, acr: PASSWORD_ACR })
  expect((await changes()).map(({ event }) => event)).toEqual([
    up?.event,
    expect.objectContaining({ previous_level: MFA_ACR, current_level: PASSWORD_ACR, change_direction: 'decrease' }),
  ])
})
