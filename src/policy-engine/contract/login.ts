/** `login`: may this sign-in go on, and what does it reach? Asked before the password is hashed, and after. */
import Type from 'typebox'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Client, RequestFacts, Subject, seconds, Tenant } from './facts.ts'

export const login = decision('login', {
  askedBy: 'src/auth/login/login.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** `attempt`: before any hash is computed; `factors`: after the factors were checked. */
      stage: oneOf('attempt', 'factors'),
      /** The client on whose behalf the person signs in, as registered; it has not authenticated here. */
      client: Client,
      /** Absent at stage `attempt`, and where no such user exists. */
      subject: Type.Optional(Subject),
      factors: Type.Object({ password: oneOf('absent', 'verified', 'failed') }, closed),
      /** Failed sign-ins of the last 15 minutes, this one not counted. */
      failures: Type.Object({ account: Type.Integer(), address: Type.Integer() }, closed),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    too_many_attempts: 'slow_down',
    tenant_not_allowed: 'access_denied',
    network_not_allowed: 'access_denied',
    wrong_credentials: 'access_denied',
    subject_inactive: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** What is needed next; `none` ends the sign-in and starts a session. */
      next: oneOf('password', 'none'),
      acr: Type.String(),
      amr: strings(),
      /** Absolute lifetime of the session. */
      session_ttl_seconds: seconds(30 * 24 * 3600),
    },
    closed,
  ),
})
