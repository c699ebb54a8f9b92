/** Security events that are no decision: what happened, to whom, by whom. Never a secret, never personal data. */

export type AuditEventName =
  | 'client_authentication_failed'
  | 'token_issued'
  | 'code_reuse'
  | 'pushed_request_reuse'
  | 'refresh_token_reuse'
  | 'refresh_token_grace'
  | 'grant_revoked'
  | 'token_revoked'
  | 'revoke_unknown_token'
  | 'introspect_unknown_token'
  | 'bearer_rejected'
  | 'dpop_proof_rejected'
  | 'sign_in'
  | 'sign_in_failed'
  | 'sign_in_refused'
  | 'sign_out'
  | 'session_ended'
  | 'grant_tokens_revoked'
  | 'logout_delivered'
  | 'logout_not_delivered'
  | 'consent_granted'
  | 'consent_refused'
  | 'scim_changed'
  | 'admin_changed'
  | 'client_registered'
  | 'registration_changed'
  | 'registration_deleted'
  | 'registration_refused'
  | 'setup_used'
  | 'setup_refused'
  | 'key_published'
  | 'key_activated'
  | 'key_retired'
  | 'key_removed'
  | 'key_revoked'
  | 'keys_rotation_asked'
  | 'keys_rewrapped'
  | 'bundle_activation_asked'
  | 'bundle_rolled_back'
  | 'bundle_pinned'
  | 'bundle_unpinned'
  | 'decision_unavailable'
  | 'store_unavailable'
  | 'rate_limited'
  | 'step_up_required'
  | 'assurance_level_changed'
  | 'factor_added'
  | 'factor_removed'
  | 'factor_failed'
  | 'recovery_codes_made'
  | 'recovery_code_used'
  | 'password_changed'
  | 'password_reset_asked'
  | 'password_reset'
  | 'email_link_asked'
  | 'email_verified'
  | 'email_changed'
  | 'profile_changed'
  | 'identity_linked'
  | 'identity_unlinked'
  | 'federation_failed'
  | 'device_added'
  | 'device_remembered'
  | 'device_forgotten'
  | 'device_grant_approved'
  | 'device_grant_refused'
  | 'session_bound'
  | 'session_changed'
  | 'consent_withdrawn'
  | 'risk_signal'
  | 'threat_answered'
  | 'mail_failed'
  | 'signal_not_delivered'
  | 'stream_created'
  | 'stream_configured'
  | 'stream_deleted'
  | 'stream_updated'
  | 'stream_verification_asked'
  | 'person_exported'
  | 'person_erased'

export interface AuditEvent {
  readonly event: AuditEventName
  readonly tenant: string
  readonly request_id?: string
  readonly client_id?: string
  /** Pseudonymous subject identifier. */
  readonly sub?: string
  readonly grant_id?: string
  readonly decision_id?: string
  /** A decision's name, a reason, an action: always a value from a bounded set. */
  readonly detail?: string
  /** Kind and id of what was changed. */
  readonly resource?: string
  /** Names of the attributes that got another value; never a value. */
  readonly changed?: readonly string[]
}

/** Resolves when the event is written; rejects when it cannot be, and then nothing may be answered as done. */
export type Audit = (event: AuditEvent) => Promise<void>

/** Hears of every event that was written; undefined where there is nothing to wait for. */
export type AuditListener = (event: AuditEvent) => Promise<void> | undefined
