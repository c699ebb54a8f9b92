/** `status` and `notices`: who is told what is active, and that it changed. */
import { Type } from '../../schema/type.ts'
import { closed, path, section } from '../keywords.ts'

/** OPA, "Status". */
export const status = section(
  {
    service: Type.Optional(Type.String({ minLength: 1, description: 'of `services`; none: no reports' })),
    partition_name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_./-]+$', description: 'added to the path' })),
    interval_seconds: Type.Integer({
      minimum: 1,
      maximum: 24 * 60 * 60,
      default: 60,
      description: 'a report at least so often; each change is one at once',
    }),
  },
  'status reports',
)

const webhook = Type.Object(
  {
    url: Type.String({ minLength: 1, description: 'https unless on loopback' }),
    secret_file: path('secret of the signatures, `whsec_` and base64 of 24 to 64 bytes'),
  },
  closed,
)

const peer = Type.Object(
  {
    url: Type.String({ minLength: 1, description: 'policy API of the node; https unless on loopback' }),
    token_file: Type.Optional(path('bearer token to show there')),
  },
  closed,
)

export const notices = section(
  {
    peers: Type.Array(peer, {
      default: [],
      description: 'other nodes: what empties their decision caches empties those here',
    }),
    webhooks: Type.Array(webhook, { default: [], description: 'told of each activation (Standard Webhooks)' }),
  },
  'notices of activations',
)
