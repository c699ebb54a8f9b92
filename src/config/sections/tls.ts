/** TLS of a listener, the same for each: `auth.tls`, `policy.tls`; and `auth.mtls`, where clients show certificates. */
import { type TSchema, Type } from '../../schema/type.ts'
import { closed, oneOf, path } from '../keywords.ts'

export const listenerTls = <P extends Record<string, TSchema>>(description: string, further: P) =>
  Type.Optional(
    Type.Object(
      {
        cert_file: path('certificate with its chain, PEM; read again when it changes'),
        key_file: path('its private key, PEM'),
        minimum_version: oneOf(['1.2', '1.3'], {
          default: '1.3',
          description: '1.2: also TLS 1.2 with ECDHE and AES-GCM, for callers that cannot do better',
        }),
        ...further,
      },
      { ...closed, description },
    ),
  )

/** RFC 8705. */
export const mtls = Type.Optional(
  Type.Object(
    {
      from: oneOf(['tls', 'header'], {
        default: 'tls',
        description: 'tls: the handshake of auth.tls; header: a header that a proxy of auth.trusted_proxies writes',
      }),
      ca_file: Type.Optional(
        path('CA that vouches for certificates of tls_client_auth, PEM; read again when it changes'),
      ),
      port: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 65_535,
          description: 'a port of its own, the only one that asks for certificates',
        }),
      ),
      url: Type.Optional(
        Type.String({ minLength: 1, description: 'base address of mtls_endpoint_aliases; issuer’s host with `port`' }),
      ),
      format: oneOf(['rfc9440', 'nginx', 'envoy'], { default: 'rfc9440', description: 'what the header holds' }),
      header: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z0-9-]+$',
          description: 'its name; by format: Client-Cert, X-SSL-Cert, X-Forwarded-Client-Cert',
        }),
      ),
    },
    { ...closed, description: 'clients that show certificates' },
  ),
)
