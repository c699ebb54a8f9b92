/** Which letter tells a person of a signal, and of what was done about it. */
import type { NoticeKind } from '../../../web/letters/notice-mail.ts'
import type { ThreatAction } from '../../policy-engine/contract/threat.ts'
import type { Signal } from './signal.ts'

/** What a person proves themselves with; no application has to do with it. */
const PROOFS: ReadonlySet<Signal['kind']> = new Set([
  'totp_code',
  'passkey_challenge',
  'passkey_counter',
  'recovery_code',
  'reset_link',
])
const SIGN_OUT: readonly ThreatAction[] = ['step_up', 'end_sessions', 'revoke_user']
const END_ACCESS: readonly ThreatAction[] = [
  'revoke_grant',
  'end_session',
  'end_sessions',
  'revoke_user',
  'revoke_client',
]

/** `done`: what has been done about it, to somebody or something. */
export function noticeOf({ signal, kind }: Pick<Signal, 'signal' | 'kind'>, done: readonly ThreatAction[]): NoticeKind {
  const did = (actions: readonly ThreatAction[]): boolean => done.some((action) => actions.includes(action))
  switch (signal) {
    case 'password_guessing':
    case 'credential_stuffing':
    case 'failure_surge':
      return 'guessing'
    case 'new_device':
    case 'impossible_travel':
      return 'unusual_sign_in'
    case 'replay':
      if (PROOFS.has(kind)) return did(SIGN_OUT) ? 'proof_reused_signed_out' : 'proof_reused'
      return did(END_ACCESS) ? 'access_ended' : 'unusual_use'
    case 'refresh_reuse':
    case 'introspection_spike':
    case 'consent_phishing':
      return did(END_ACCESS) ? 'access_ended' : 'unusual_use'
  }
}
