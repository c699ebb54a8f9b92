import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSurroundings, type Surroundings, TENANT, userRecord } from '../../session/endpoint-fixture.ts'
import { createGate } from './gate.ts'
import { createPasswordHasher, hashGate } from './hasher.ts'
import { verifyPassword } from './verify.ts'

let around: Surroundings
beforeAll(async () => {
  around = await openSurroundings()
})
afterAll(() => around.close())

const dearer = createPasswordHasher(hashGate(), { memoryKib: 20_000, passes: 2, parallelism: 1 })

test('a password that is right is hashed anew where hashes cost more now, a wrong one is not (checklist 36)', async () => {
  const user = userRecord({ sub: 'old', userName: 'old', passwordHash: await around.passwords.hash('correct horse') })
  await around.store.users.create(TENANT, user)
  const deps = { ...around, passwords: dearer }
  expect(await verifyPassword(deps, around.request(), 'wrong horse', user)).toBe(false)
  expect(await around.store.users.find(TENANT, 'old')).toEqual(user)
  expect(await verifyPassword(deps, around.request(), 'correct horse', user)).toBe(true)
  const after = await around.store.users.find(TENANT, 'old')
  expect(after?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=20000,t=2,p=1\$/)
  // Nothing that the person holds ends by it.
  expect(after).toEqual({ ...user, passwordHash: after?.passwordHash, version: user.version + 1 })
  expect(await dearer.verify('correct horse', after?.passwordHash)).toBe(true)
})

test('whoever changed the person meanwhile has the last word', async () => {
  const user = userRecord({
    sub: 'raced',
    userName: 'raced',
    passwordHash: await around.passwords.hash('correct horse'),
  })
  await around.store.users.create(TENANT, user)
  const changed = { ...user, passwordHash: await around.passwords.hash('another horse'), version: user.version + 1 }
  await around.store.users.replace(TENANT, changed, user.version)
  expect(await verifyPassword({ ...around, passwords: dearer }, around.request(), 'correct horse', user)).toBe(true)
  expect((await around.store.users.find(TENANT, 'raced'))?.passwordHash).toBe(changed.passwordHash)
})

test('where as many hash as can, the caller is told to come again (checklist 36)', async () => {
  const held = Promise.withResolvers<void>()
  const gate = createGate({ concurrent: 1, waiting: 0 })
  const holding = gate.run(() => held.promise)
  const full = createPasswordHasher(gate)
  await expect(verifyPassword({ ...around, passwords: full }, around.request(), 'x', undefined)).rejects.toMatchObject({
    code: 'temporarily_unavailable',
    retryAfterSeconds: 2,
  })
  held.resolve()
  await holding
})
