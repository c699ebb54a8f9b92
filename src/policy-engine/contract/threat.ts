/** `threat`: a signal of an attack has risen; what is done about it? Asked behind the requests that raised it: no answer waits. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf } from './decision.ts'
import { Client, Subject, Tenant, Time } from './facts.ts'

export const THREAT_SIGNALS = [
  'replay',
  'refresh_reuse',
  'password_guessing',
  'credential_stuffing',
  'failure_surge',
  'impossible_travel',
  'new_device',
  'introspection_spike',
  'consent_phishing',
] as const
export type ThreatSignal = (typeof THREAT_SIGNALS)[number]

export const THREAT_ACTIONS = [
  'notify',
  'throttle',
  'step_up',
  'revoke_grant',
  'end_session',
  'end_sessions',
  'revoke_user',
  'revoke_client',
] as const
export type ThreatAction = (typeof THREAT_ACTIONS)[number]

/** `passkey_counter`: it did not grow, or the key may be backed up where it could not be, or the other way round: another authenticator may hold it. */
export const REPLAYED = [
  'code',
  'request_uri',
  'dpop_proof',
  'client_assertion',
  'totp_code',
  'passkey_challenge',
  'passkey_counter',
  'recovery_code',
  'reset_link',
] as const

const count = () => Type.Integer({ minimum: 0 })

export const threat = decision('threat', {
  askedBy: 'src/auth/threat/answer-signal.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      signal: oneOf(...THREAT_SIGNALS),
      /** What came twice; with `replay` alone. */
      kind: Type.Optional(oneOf(...REPLAYED)),
      /** Whom it is about; absent where nobody is, or no such account is there. */
      subject: Type.Optional(Subject),
      client: Type.Optional(Client),
      /** Of `client`. */
      self_registered: Type.Optional(Type.Boolean()),
      client_age_seconds: Type.Optional(count()),
      /** What it comes from, where that was counted. */
      source: oneOf('none', 'address', 'subnet'),
      /** How often; what is counted depends on the signal: docs/threats.md. */
      count: count(),
      /** How often it is otherwise; 0 where that is not known. */
      usual: count(),
      /** With `introspection_spike` alone: up to how many are no spike, whoever asks. */
      floor: Type.Optional(count()),
      time: Time,
    },
    closed,
  ),
  reasons: { tenant_not_allowed: 'access_denied' },
  obligations: Type.Object(
    {
      /**
       * Each is done where the signal says to whom. `notify`: the person is told by letter. `throttle`: the source, else the
       * client, else the person. `step_up`: the person signs in anew at the next authorization
       * but where the sign-in that raised it was, tokens go on. `end_session`:
       * that in which the grant was given, with all grants of it. `end_sessions`: all of the person, with all their grants. `revoke_user`, `revoke_client`: all that hangs on it.
       */
      actions: Type.Array(oneOf(...THREAT_ACTIONS)),
      throttle_seconds: Type.Integer({ minimum: 0, maximum: 3600 }),
      /** Requests a minute that may still come; 0: none. */
      throttle_per_minute: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    },
    closed,
  ),
})
