/**
 * `session`: may this person be signed out now, and what ends with the session (OIDC RP-Initiated Logout 1.0 2, Back-Channel
 * Logout 2.7)? May it go on where something has changed since it was last seen, and may it be bound to a key of its device
 * (Device Bound Session Credentials)?
 */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, Tenant } from './facts.ts'
import { FACTOR_KINDS } from './login.ts'
import { RequestedLevels, Risk } from './risk.ts'

export const session = decision('session', {
  askedBy: 'src/auth/oidc/logout/ask-session.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /**
       * `sign_out`: somebody wants it to end, or another person signs in with its browser, where nobody is asked to confirm.
       * `continue`: it is used, and something has changed since it was last seen. `bind`: a device key was proven for it.
       * Nothing is asked of a session that is used as it was before.
       */
      stage: oneOf('sign_out', 'continue', 'bind'),
      /** The client that asks for the sign-out; absent where the person asks at our own page, and at other stages. */
      client: Type.Optional(Client),
      /** Who is signed in in this browser; absent where nobody is. */
      subject: Type.Optional(Subject),
      authentication: Type.Optional(Authentication),
      /** What the person could prove themself with. Absent at stage `sign_out`. */
      enrolled: Type.Optional(Type.Array(oneOf(...FACTOR_KINDS))),
      /** Levels that the request which uses it wants of a sign-in. Absent at other stages than `continue`, and where none is asked for: a page of ours, or the browser itself. */
      requested: Type.Optional(RequestedLevels),
      /** What the client's ID token proves: that it was given in this session, in another one, or nothing. Only at stage `sign_out`. */
      hint: Type.Optional(oneOf('none', 'this_session', 'another_session')),
      /** The person pressed the button on our own page. Only at stage `sign_out`. */
      confirmed: Type.Optional(Type.Boolean()),
      /** This request beside the last one of the session. Absent at stage `sign_out`. */
      seen: Type.Optional(
        Type.Object(
          {
            /** Another browser or system, as it calls itself: an update of either is no change. */
            browser_changed: Type.Boolean(),
            /** Another /24 of IPv4, or /48 of IPv6. */
            network_changed: Type.Boolean(),
            /** The browser is one that this person completed a sign-in with. */
            device_known: Type.Boolean(),
            /** The session is bound to a key of the device that it began on. */
            device_bound: Type.Boolean(),
            /**
             * Of a bound session: the device proved its key, now or some minutes ago; the proof has run out or is not there;
             * or it is wrong.
             */
            binding: Type.Optional(oneOf('proven', 'missing', 'failed')),
            /** Since the session was last seen, and since its sign-in. */
            idle_seconds: Type.Integer({ minimum: 0 }),
            age_seconds: Type.Integer({ minimum: 0 }),
          },
          closed,
        ),
      ),
      /** Of this request and who is signed in. Absent at stage `sign_out`. */
      risk: Type.Optional(Risk),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    client_inactive: 'unauthorized_client',
    tenant_not_allowed: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** `required`: the person is asked first. Without a proof from the client they are asked whatever this says. */
      confirmation: oneOf('none', 'required'),
      /** Which grants of the session end with it: all, those that are not for offline access, or none. */
      revoke_grants: oneOf('all', 'online', 'none'),
      /** Of a session that is used: it goes on; this browser must sign in anew before it does; or it ends, for everybody. */
      next: oneOf('go_on', 'step_up', 'end'),
      /** Of a bound session: for how long one proof of the device key counts. */
      proof_seconds: Type.Integer({ minimum: 60, maximum: 24 * 3600 }),
    },
    closed,
  ),
})
