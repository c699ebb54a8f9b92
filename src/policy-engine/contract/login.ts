/** `login`: may this sign-in go on, what is needed next, and what does it reach? Asked before a factor is checked, and after each. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, seconds, Tenant } from './facts.ts'
import { Device, Risk } from './risk.ts'

/** What an account can prove itself with. `federated`: at a provider that it is linked to. */
export const FACTOR_KINDS = ['password', 'totp', 'passkey', 'recovery_code', 'federated'] as const
export type FactorKind = (typeof FACTOR_KINDS)[number]

const proof = () => oneOf('absent', 'verified', 'failed')

export const login = decision('login', {
  askedBy: 'src/auth/sign-in/ask-login.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** `attempt`: before a factor is checked; `factors`: after one was. */
      stage: oneOf('attempt', 'factors'),
      /** The client on whose behalf the person signs in, as registered; it has not authenticated here. Of our own pages: the platform. */
      client: Client,
      /** Absent at stage `attempt`, and where no such user exists. */
      subject: Type.Optional(Subject),
      /** What was proven in this sign-in, of ten minutes at most. */
      factors: Type.Object(
        {
          password: proof(),
          totp: proof(),
          recovery_code: proof(),
          /** WebAuthn: `verified` with user verification, `present` without. */
          passkey: oneOf('absent', 'present', 'verified', 'failed'),
          federated: proof(),
        },
        closed,
      ),
      /** The level that `federation` gave to what the provider said. */
      federated_acr: Type.Optional(Type.String()),
      /** What the account could prove itself with. Absent where `subject` is: nobody learns it of an account that is not theirs. */
      enrolled: Type.Optional(Type.Array(oneOf(...FACTOR_KINDS))),
      /** The live session of this person in this browser, where an earlier sign-in counts for the request. */
      session: Type.Optional(Authentication),
      /** What the sign-in is for: as in `authorize`, empty for our own pages. */
      requested: Type.Object(
        {
          scopes: strings(),
          acr_values: Type.Optional(strings()),
          essential_acr: Type.Optional(strings()),
        },
        closed,
      ),
      device: Device,
      risk: Risk,
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    too_many_attempts: 'slow_down',
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    country_not_allowed: 'access_denied',
    wrong_credentials: 'access_denied',
    subject_inactive: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** What is needed next: a factor, or one to be added (`enrol`); `none` ends the sign-in and starts a session. */
      next: oneOf('password', 'totp', 'passkey', 'recovery_code', 'enrol', 'none'),
      /** What may be done in place of `next`; with `enrol`: what may be added. */
      offers: Type.Array(oneOf(...FACTOR_KINDS)),
      acr: Type.String(),
      amr: strings(),
      /** Absolute lifetime of the session. */
      session_ttl_seconds: seconds(30 * 24 * 3600),
      /** It ends earlier where nobody uses it for so long. */
      session_idle_seconds: seconds(30 * 24 * 3600),
      /** For how long this browser may be remembered, where the person wants it; 0: not at all. */
      remember_device_seconds: Type.Integer({ minimum: 0, maximum: 365 * 24 * 3600 }),
      /** How long to wait before the next attempt is checked; 0: not at all. */
      wait_seconds: Type.Integer({ minimum: 0, maximum: 24 * 3600 }),
      /**
       * What is done with an attempt that comes while it should wait; all are answered with the wait, whatever was wrong with
       * them. `refuse`, or absent: nothing is checked. `admit`: it is checked, and one that is right goes on. `check`: a
       * password is checked for nothing, so that nobody learns by the work where one that is right would go on.
       */
      while_waiting: Type.Optional(oneOf('refuse', 'admit', 'check')),
    },
    closed,
  ),
})
