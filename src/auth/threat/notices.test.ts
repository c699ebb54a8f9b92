/** Letters of signals say what happened: an application has to do with some, and access was ended where that was done. */
import { expect, test } from 'vitest'
import { REPLAYED } from '../../policy-engine/contract/threat.ts'
import { noticeOf } from './notices.ts'

const PROOFS = ['totp_code', 'passkey_challenge', 'passkey_counter', 'recovery_code', 'reset_link']

test.each(REPLAYED)('of a %s that came twice', (kind) => {
  const isProof = PROOFS.includes(kind)
  const told = (...done: Parameters<typeof noticeOf>[1]) => noticeOf({ signal: 'replay', kind }, done)
  expect(told()).toBe(isProof ? 'proof_reused' : 'unusual_use')
  for (const ended of ['revoke_grant', 'end_session', 'revoke_client'] as const)
    expect(told('throttle', ended)).toBe(isProof ? 'proof_reused' : 'access_ended')
  expect(told('step_up')).toBe(isProof ? 'proof_reused_signed_out' : 'unusual_use')
  for (const all of ['end_sessions', 'revoke_user'] as const)
    expect(told(all)).toBe(isProof ? 'proof_reused_signed_out' : 'access_ended')
})

test.each(['refresh_reuse', 'introspection_spike', 'consent_phishing'] as const)('of %s', (signal) => {
  expect(noticeOf({ signal }, ['throttle'])).toBe('unusual_use')
  expect(noticeOf({ signal }, ['revoke_grant'])).toBe('access_ended')
})
