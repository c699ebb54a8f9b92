/**
 * `signal`: may this receiver hear of this security event about this person, and what of it? May this client make, read,
 * change or poll this stream? OpenID Shared Signals Framework 1.0 8.1, RFC 8935, RFC 8936, OpenID CAEP 1.0.
 */
import { Type } from '../../schema/type.ts'
import { Actor } from './actor.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Client, RequestFacts, Subject, Tenant } from './facts.ts'

export const signal = decision('signal', {
  askedBy: 'src/auth/signals/ask-signal.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /**
       * `send`: an event is to go out. The others: a client asks at an endpoint of streams; `configure` is about what a stream
       * carries and where to, `update` about its status.
       */
      action: oneOf('send', 'poll', 'read', 'create', 'configure', 'delete', 'update', 'verify'),
      receiver: Type.Object(
        {
          /** `stream`: Security Event Tokens for a client; `webhook`: events as they are, for a place the operator named. */
          kind: oneOf('stream', 'webhook'),
          /** Its name in the configuration, or the id of a stream that its client makes or made. */
          id: Type.String(),
        },
        closed,
      ),
      /** The client that the stream is for; absent for a webhook. */
      client: Type.Optional(Client),
      /** What is to be made, or what it is to become; absent but for `create` and `configure`. */
      stream: Type.Optional(
        Type.Object(
          {
            /** `push`: tokens are sent to an address of the client's (RFC 8935); `poll`: it fetches them (RFC 8936). */
            delivery: oneOf('push', 'poll'),
            /** Where they are pushed to; absent for `poll`. */
            host: Type.Optional(Type.String()),
            /** What it is to carry, as `event.type` names it. */
            events: strings(),
          },
          closed,
        ),
      ),
      /** Who asks at an endpoint; absent for `send`. */
      actor: Type.Optional(Actor),
      /** What is to go out; absent at endpoints. */
      event: Type.Optional(
        Type.Object(
          {
            /** Of a stream `session_revoked`, `credential_change`, `token_claims_change`, `assurance_level_change`; of a webhook the event's own name. */
            type: Type.String(),
            /** Names of the claims that may have changed. */
            claims: strings(),
          },
          closed,
        ),
      ),
      /** About whom; absent where it is about nobody, or they are gone. */
      subject: Type.Optional(Subject),
      /** What the client has to do with the person: a grant of theirs, a part in the session that ended, or nothing. */
      relation: oneOf('none', 'session', 'grant'),
      /** Scopes of the client's live grants of the person. */
      scopes: strings(),
      /** Absent for `send`. */
      request: Type.Optional(RequestFacts),
    },
    closed,
  ),
  reasons: {
    token_inactive: 'invalid_token',
    tenant_not_allowed: 'insufficient_scope',
    client_inactive: 'insufficient_scope',
    scope_missing: 'insufficient_scope',
    audience_wrong: 'insufficient_scope',
    not_receiver: 'insufficient_scope',
    event_missing: 'insufficient_scope',
    stream_missing: 'insufficient_scope',
    stranger: 'insufficient_scope',
  },
  obligations: Type.Object(
    {
      /** `told`: the event says why it happened, in bounded words. */
      reasons: oneOf('none', 'told'),
      /** Claims whose new values it may hold, of those that changed. */
      claims: strings(),
    },
    closed,
  ),
})
