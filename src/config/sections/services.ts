/** `services`: remote services that bundles come from and that status and decision logs go to (OPA, "Services"). */
import { type Static, Type } from '../../schema/type.ts'
import { closed, path, secret } from '../keywords.ts'

const texts = (description: string) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description,
  })

const oauth2 = Type.Object(
  {
    token_url: Type.String({ minLength: 1, description: 'token endpoint, asked with client_credentials' }),
    client_id: Type.String({ minLength: 1 }),
    client_secret: Type.Optional(secret('prefer client_secret_file')),
    client_secret_file: Type.Optional(path('file that holds the client secret')),
    scopes: Type.Array(Type.String({ minLength: 1 }), { default: [] }),
  },
  { ...closed, description: 'a token of a client that acts for itself, kept until it ends' },
)

const bearer = Type.Object(
  {
    token: Type.Optional(secret('prefer token_file')),
    token_file: Type.Optional(path('file that holds the token; read again when the service refuses it')),
    scheme: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]*$', default: 'Bearer' }),
  },
  { ...closed, description: 'a token in the Authorization header' },
)

const clientTls = Type.Object(
  { cert_file: path('client certificate, PEM'), key_file: path('its key, PEM') },
  { ...closed, description: 'a certificate that this side shows' },
)

const service = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9_.-]+$', description: 'by which other settings name it' }),
    url: Type.String({ minLength: 1, description: 'base address; https unless on loopback' }),
    headers: Type.Optional(texts('sent with each request; no place for secrets')),
    response_header_timeout_seconds: Type.Integer({ minimum: 1, maximum: 600, default: 10 }),
    tls: Type.Optional(
      Type.Object({ ca_file: path('certification authorities to trust, PEM, in place of the system’s') }, closed),
    ),
    credentials: Type.Optional(
      Type.Object(
        {
          bearer: Type.Optional(bearer),
          client_tls: Type.Optional(clientTls),
          oauth2: Type.Optional(oauth2),
        },
        closed,
      ),
    ),
  },
  closed,
)

export const services = Type.Array(service, { default: [], description: 'remote services, each by its name' })
export type ServiceConfig = Static<typeof service>
