import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../../kernel/ids.ts'
import { clientRecord, TENANT } from '../../session/endpoint-fixture.ts'
import { allow, bodyOf, failsWith, openRegistration, type Registered } from './registration-fixture.ts'

let at: Awaited<ReturnType<typeof openRegistration>>
beforeEach(async () => {
  at = await openRegistration()
})
afterEach(() => at.around.close())

describe('management', () => {
  test('reads what is in force, and the secret never again (RFC 7592 2.1)', async () => {
    const known = await at.register({ client_name: 'Shop', client_uri: 'https://app.example/' })
    const { client_secret: _secret, ...rest } = known
    const reply = await at.endpoints.readRegistration(at.managing(known))
    expect(reply).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' }, body: rest })
    expect(reply.body).not.toHaveProperty('client_secret')
    expect(at.asked().at(-1)).toMatchObject({
      action: 'read',
      credential: 'registration_access_token',
      client: { client_id: known.client_id, active: true, grant_types: ['authorization_code'] },
    })
  })

  test('a replace is whole, and changes the registration access token (RFC 7592 2.2)', async () => {
    const known = await at.register({ client_name: 'Shop', client_uri: 'https://app.example/', scope: 'openid' })
    const next = bodyOf(await at.replace(known, { client_name: 'New', client_secret: known.client_secret }))
    expect(next).toMatchObject({ client_name: 'New', scope: 'email openid' })
    expect(next).not.toHaveProperty('client_uri')
    expect(next).not.toHaveProperty('client_secret')
    expect(next.registration_access_token).not.toBe(known.registration_access_token)
    expect((await at.stored(known.client_id))?.secretDigests).toEqual([digestOf(known.client_secret)])
    await expect(at.endpoints.readRegistration(at.managing(known))).rejects.toEqual(failsWith('invalid_token'))
    expect((await at.endpoints.readRegistration(at.managing(next))).status).toBe(200)
    expect(at.around.events.map(({ event }) => event)).toContain('registration_changed')
  })

  test.each<[string, object]>([
    ['another id', { client_id: 'other' }],
    ['no id', { client_id: undefined }],
    ['a secret of its choice', { client_secret: 'mine' }],
    ['a registration access token', { registration_access_token: 'x' }],
    ['its own address', { registration_client_uri: 'https://evil.example/' }],
    ['when the secret ends', { client_secret_expires_at: 0 }],
    ['when it was issued', { client_id_issued_at: 0 }],
  ])('a replace with %s is malformed, and changes nothing (RFC 7592 2.2)', async (_, metadata) => {
    const known = await at.register()
    await expect(at.replace(known, metadata)).rejects.toEqual(failsWith('invalid_request'))
    expect((await at.stored(known.client_id))?.version).toBe(1)
  })

  test('of two replaces at once with one token one wins, and the other is told that its token is no more', async () => {
    const known = await at.register()
    const results = await Promise.allSettled([at.replace(known), at.replace(known)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(results).toContainEqual({ status: 'rejected', reason: failsWith('invalid_token') })
  })

  test('a secret that ends is renewed by a replace, and the old one is gone (RFC 7592 2.2)', async () => {
    at.around.answers = { register: () => allow({ secret_ttl_seconds: 600 }) }
    const known = await at.register()
    const now = at.around.clock.nowMs() / 1000
    expect(known.client_secret_expires_at).toBe(now + 600)
    at.around.clock.set((now + 700) * 1000)
    const next = bodyOf(await at.replace(known))
    expect(next.client_secret_expires_at).toBe(now + 1300)
    expect(await at.stored(known.client_id)).toMatchObject({
      secretDigests: [digestOf(next.client_secret)],
      secretExpiresAt: now + 1300,
    })
    at.around.answers = { register: () => allow() }
    const last = bodyOf(await at.replace(next))
    expect(last.client_secret_expires_at).toBe(0)
    expect(await at.stored(known.client_id)).not.toHaveProperty('secretExpiresAt')
  })

  test('deletes itself and what hangs on it: 204, then 401 (RFC 7592 2.3)', async () => {
    const known = await at.register()
    expect(await at.endpoints.deleteRegistration(at.managing(known, { method: 'DELETE' }))).toMatchObject({
      status: 204,
    })
    expect(await at.stored(known.client_id)).toBeUndefined()
    await expect(at.endpoints.readRegistration(at.managing(known))).rejects.toEqual(failsWith('invalid_token'))
    expect(at.around.events.map(({ event }) => event)).toEqual([
      'client_registered',
      'registration_deleted',
      'registration_refused',
    ])
  })

  test('nobody else manages it: another client, an administrator’s client, no token, no such client (RFC 7592 2)', async () => {
    const [one, other] = [await at.register(), await at.register()]
    await at.around.store.clients.create(TENANT, clientRecord({ clientId: 'by-hand' }))
    const token = (client: Registered) => ({ authorization: `Bearer ${client.registration_access_token}` })
    const attempts: [string, Record<string, string>][] = [
      [one.client_id, token(other)],
      [one.client_id, {}],
      [one.client_id, { authorization: `Bearer ${one.client_secret}` }],
      [one.client_id, { authorization: `DPoP ${one.registration_access_token}` }],
      ['by-hand', token(one)],
      ['by-hand', {}],
      ['nobody', token(one)],
      ['nobody', {}],
    ]
    const before = at.around.asked.length
    for (const [id, headers] of attempts)
      for (const method of ['readRegistration', 'replaceRegistration', 'deleteRegistration'] as const)
        await expect(at.endpoints[method](at.around.request({ route: { id }, headers, json: {} }))).rejects.toEqual(
          failsWith('invalid_token'),
        )
    expect(at.around.asked).toHaveLength(before)
    expect(JSON.stringify(at.around.events)).not.toContain(one.registration_access_token)
  })

  test('what policy denies is not done', async () => {
    const known = await at.register()
    at.around.answers = { register: () => ({ allow: false, reasons: ['client_inactive'] }) }
    await expect(at.endpoints.readRegistration(at.managing(known))).rejects.toEqual(failsWith('access_denied'))
    await expect(at.replace(known)).rejects.toEqual(failsWith('access_denied'))
    await expect(at.endpoints.deleteRegistration(at.managing(known))).rejects.toEqual(failsWith('access_denied'))
    expect((await at.stored(known.client_id))?.version).toBe(1)
  })

  test('what is never used ends by itself', async () => {
    at.around.answers = { register: () => allow({ unused_ttl_seconds: 60 }) }
    const known = await at.register()
    at.around.clock.set(at.around.clock.nowMs() + 59 * 1000)
    expect((await at.endpoints.readRegistration(at.managing(known))).status).toBe(200)
    at.around.clock.set(at.around.clock.nowMs() + 1000)
    await expect(at.endpoints.readRegistration(at.managing(known))).rejects.toEqual(failsWith('invalid_token'))
  })
})
