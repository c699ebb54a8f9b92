/** `security_events`: who is told of them, by webhook or by a stream of Security Event Tokens. */
import { type Static, Type } from '../../schema/type.ts'
import { closed, path, section } from '../keywords.ts'

const name = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$', description: 'in metrics, log and queue' })
const url = () =>
  Type.String({ minLength: 1, description: 'https unless on loopback; private hosts: egress.clients.allow' })

const webhook = Type.Object(
  {
    name,
    url: url(),
    secret_file: path('secret of the signatures, `whsec_` and base64 of 24 to 64 bytes'),
    previous_secret_file: Type.Optional(path('the one before it, which signs too until everybody knows the new one')),
    events: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'names of events; default: all that leave',
      }),
    ),
  },
  closed,
)

const stream = Type.Object(
  {
    name,
    client_id: Type.String({ minLength: 1, description: 'the receiver: `aud` of its tokens' }),
    description: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    events: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'session_revoked, credential_change, token_claims_change, assurance_level_change; default: all',
      }),
    ),
    push: Type.Optional(
      Type.Object(
        {
          url: url(),
          authorization_file: Type.Optional(
            path('what is sent in the Authorization header, e.g. `Bearer …`; read for each delivery'),
          ),
        },
        { ...closed, description: 'RFC 8935; without it the receiver polls (RFC 8936)' },
      ),
    ),
  },
  closed,
)

export const securityEvents = section(
  {
    webhooks: Type.Array(webhook, { default: [], description: 'told of events as they are (Standard Webhooks)' }),
    streams: Type.Array(stream, { default: [], description: 'clients that get Security Event Tokens (SSF 1.0)' }),
    manage_streams: Type.Boolean({
      default: false,
      description: 'clients with the scope ssf.manage make, change and delete streams of their own (SSF 1.0 8.1.1)',
    }),
    keep_seconds: Type.Integer({
      minimum: 60,
      maximum: 30 * 24 * 60 * 60,
      default: 3 * 24 * 60 * 60,
      description: 'how long an event waits for a receiver that does not take it',
    }),
  },
  'who is told of security events',
)
export type SecurityEventsConfig = Static<typeof securityEvents>
