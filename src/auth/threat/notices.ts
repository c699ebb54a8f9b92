/** Which letter tells a person of a signal. */
import type { NoticeKind } from '../../../web/letters/notice-mail.ts'
import type { ThreatSignal } from '../../policy-engine/contract/threat.ts'

export function noticeOf(signal: ThreatSignal): NoticeKind {
  switch (signal) {
    case 'password_guessing':
    case 'credential_stuffing':
    case 'failure_surge':
      return 'guessing'
    case 'new_device':
    case 'impossible_travel':
      return 'unusual_sign_in'
    case 'replay':
    case 'refresh_reuse':
    case 'introspection_spike':
    case 'consent_phishing':
      return 'unusual_use'
  }
}
