/** `session`: may this person be signed out now, and what ends with the session? OIDC RP-Initiated Logout 1.0 2, Back-Channel Logout 2.7. */
import Type from 'typebox'
import { closed, decision, oneOf } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, Tenant } from './facts.ts'

export const session = decision('session', {
  askedBy: 'src/auth/oidc/logout/ask-session.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** The client that asks for the sign-out; absent where the person asks at our own page. */
      client: Type.Optional(Client),
      /** Who is signed in in this browser; absent where nobody is. */
      subject: Type.Optional(Subject),
      authentication: Type.Optional(Authentication),
      /** What the client's ID token proves: that it was given in this session, in another one, or nothing. */
      hint: oneOf('none', 'this_session', 'another_session'),
      /** The person pressed the button on our own page. */
      confirmed: Type.Boolean(),
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
      /** Which grants of the session end: all, those that are not for offline access, or none. */
      revoke_grants: oneOf('all', 'online', 'none'),
    },
    closed,
  ),
})
