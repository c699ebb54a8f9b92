import { expect, test } from 'vitest'
import type { DecisionResult } from '../../../policy-engine/contract/index.ts'
import { openSuccessor, sealSuccessor } from '../../token/successor.ts'
import { NOW } from '../test-requests.ts'
import { allow, bodyOf, claimsOf, HANDLE, obligations, world } from '../token-fixture.ts'

const graced: DecisionResult<'token'> = { ...allow, obligations: { ...obligations, refresh_grace_seconds: 20 } }

test('a grace that policy grants is kept with the successor, readable by the spent token only (checklist 21)', async () => {
  const at = world(graced)
  const body = bodyOf(await at.refresh())
  const grace = at.written()?.refreshToken?.grace
  expect(grace).toMatchObject({ until: NOW + 20 })
  expect(openSuccessor(HANDLE, grace?.sealed ?? '')).toBe(body.refresh_token)
  const without = world(allow)
  await without.refresh()
  expect(without.written()?.refreshToken).not.toHaveProperty('grace')
})

test('within its grace a spent token gives the same successor, with an access token of its own, and is logged', async () => {
  const again = sealSuccessor(HANDLE, 'the successor')
  const at = world(graced, { used: true, inGrace: true, rotated: { again } })
  const body = bodyOf(await at.refresh())
  expect(body.refresh_token).toBe('the successor')
  expect(claimsOf(body.access_token)).toMatchObject({ sub: 's' })
  expect(at.audits.map(({ event }) => event)).toEqual(['refresh_token_grace', 'token_issued'])
})

test('a grace that policy grants no more is none: its use ends the family', async () => {
  const at = world(allow, { used: true, inGrace: true })
  await expect(at.refresh()).rejects.toMatchObject({ code: 'invalid_grant' })
  expect(at.did).toEqual(['reuse'])
})
