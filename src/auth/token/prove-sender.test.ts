import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeProofKey, type ProofKey, type ProofParts } from '../../../test/servers/proofs.ts'
import type { AuditEvent } from '../../audit/events.ts'
import type { Store } from '../../storage/port.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { formRequest, TENANT } from '../oauth/test-requests.ts'
import { dpopNonces, NONCE_SECONDS } from './dpop-nonce.ts'
import { senderProver } from './prove-sender.ts'
import { NOTHING_PROVED } from './sender.ts'

const ISSUER = 'https://id.example'
const START = 1_800_000_000 - (1_800_000_000 % NONCE_SECONDS)
const folder = mkdtempSync(join(tmpdir(), 'prove-sender-'))
const audits: AuditEvent[] = []
let now = START
let store: Store
let key: ProofKey

beforeAll(async () => {
  store = await openSqliteStore({ path: join(folder, 'store.db'), clock: { nowMs: () => now * 1000 } })
  key = await makeProofKey()
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  now = START
  audits.length = 0
})

const secret = randomBytes(32)
/** As another node has it. */
const nonces = () => dpopNonces(() => new Uint8Array(secret))
const prover = (demanded?: ReturnType<typeof nonces>) =>
  senderProver({
    rules: { addresses: [ISSUER], maxAgeSeconds: 60 },
    nonces: demanded,
    store,
    audit: async (event) => void audits.push(event),
  })
function requestWith(dpop?: string) {
  const request = formRequest({})
  const origin = { ...request.origin, time: { ...request.origin.time, epoch_seconds: now } }
  return { ...request, path: '/oauth/token', origin, headers: { dpop } }
}
const proof = (parts: Partial<ProofParts> = {}) =>
  key.proof({ url: `${ISSUER}/oauth/token`, nowSeconds: now, ...parts })

test('a request without a proof proves nothing, and costs nothing', async () => {
  expect(await prover(nonces()).prove(requestWith())).toBe(NOTHING_PROVED)
})

describe('replay (RFC 9449 11.1; checklist 23)', () => {
  test('a proof is good once, however often at once, until it is too old anyway', async () => {
    const request = requestWith(await proof({ claims: { jti: 'once' } }))
    const senders = await Promise.all(Array.from({ length: 50 }, () => prover().prove(request)))
    expect(senders.map(({ proved }) => proved)).toEqual(senders.map(() => ({ jkt: key.jkt })))
    const by = { client_id: 'c', sub: 's' }
    const uses = await Promise.allSettled(senders.map((sender) => sender.use(by)))
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(audits).toEqual(
      uses.slice(1).map(() => expect.objectContaining({ event: 'dpop_proof_rejected', detail: 'replayed', ...by })),
    )
    now += 60
    const last = await prover().prove({ ...request, ...requestWith(request.headers.dpop) })
    await expect(last.use()).rejects.toMatchObject({ code: 'invalid_dpop_proof' })
    now += 1
    await expect(prover().prove(requestWith(request.headers.dpop))).rejects.toMatchObject({
      code: 'invalid_dpop_proof',
    })
  })

  test('what is not used is not spent, and another key may have the same jti', async () => {
    const text = await proof({ claims: { jti: 'twice' } })
    await prover().prove(requestWith(text))
    await (await prover().prove(requestWith(text))).use()
    const other = await makeProofKey()
    const theirs = await other.proof({ url: `${ISSUER}/oauth/token`, nowSeconds: now, claims: { jti: 'twice' } })
    await (await prover().prove(requestWith(theirs))).use()
    expect(audits).toEqual([])
  })

  test('one tenant’s proofs are nothing to another', async () => {
    const request = requestWith(await proof())
    await (await prover().prove({ ...request, tenant: 'other' })).use()
    await (await prover().prove({ ...request, tenant: TENANT })).use()
  })
})

test('says what is wrong with a proof, to its maker and to the audit trail, and holds nothing of it', async () => {
  const refused = prover().prove(requestWith(await proof({ claims: { htm: 'GET' } })))
  await expect(refused).rejects.toMatchObject({ code: 'invalid_dpop_proof', detail: expect.stringContaining('htm') })
  expect(audits).toEqual([{ event: 'dpop_proof_rejected', tenant: TENANT, request_id: 'request', detail: 'method' }])
})

describe('nonces (RFC 9449 8 and 9; checklist 23)', () => {
  test('a proof without one is sent back with the one to use, which any node takes', async () => {
    const first = prover(nonces())
    await expect(first.prove(requestWith(await proof()))).rejects.toMatchObject({ code: 'use_dpop_nonce' })
    const nonce = first.nonceFor('request')
    expect(first.nonceFor('request')).toBeUndefined()
    expect(audits).toEqual([])
    const second = prover(nonces())
    expect((await second.prove(requestWith(await proof({ nonce })))).proved).toEqual({ jkt: key.jkt })
    expect(second.nonceFor('request')).toBeUndefined()
  })

  test('each is good for its stretch of time and the next, in which a new one comes with the answer', async () => {
    const nonce = nonces().current(now)
    now += NONCE_SECONDS
    const later = prover(nonces())
    expect((await later.prove(requestWith(await proof({ nonce })))).proved).toEqual({ jkt: key.jkt })
    const renewed = later.nonceFor('request')
    expect(renewed).toBe(nonces().current(now))
    expect(renewed).not.toBe(nonce)
    now += NONCE_SECONDS
    await expect(later.prove(requestWith(await proof({ nonce })))).rejects.toMatchObject({ code: 'use_dpop_nonce' })
  })

  test('a node whose clock is a little ahead is understood', () => {
    expect(nonces().judge(nonces().current(now + 5 + NONCE_SECONDS - 1), now)).toBe('fresh')
  })

  test.each<[string, (nonce: string) => string]>([
    ['another key’s', () => dpopNonces(() => new Uint8Array(randomBytes(32))).current(now)],
    [
      'of a stretch that its MAC is not of',
      (nonce) => `${(START / NONCE_SECONDS - 1).toString(36)}.${nonce.split('.')[1]}`,
    ],
    ['cut', (nonce) => nonce.slice(0, -1)],
    ['with something behind', (nonce) => `${nonce}x`],
    ['without its MAC', (nonce) => `${nonce.split('.')[0]}.`],
    ['of words', () => 'Infinity.x'],
    ['very long', () => 'z'.repeat(4000)],
  ])('refuses one %s', async (_what, forge) => {
    const text = await proof({ nonce: forge(nonces().current(now)) })
    await expect(prover(nonces()).prove(requestWith(text))).rejects.toMatchObject({ code: 'use_dpop_nonce' })
  })

  test('one that is no text is refused; where none is demanded, none is looked at', async () => {
    const numbered = await proof({ claims: { nonce: 7 } })
    await expect(prover(nonces()).prove(requestWith(numbered))).rejects.toMatchObject({ code: 'use_dpop_nonce' })
    expect((await prover().prove(requestWith(numbered))).proved).toEqual({ jkt: key.jkt })
  })
})
