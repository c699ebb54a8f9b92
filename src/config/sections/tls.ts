/** TLS of a listener, the same for each: `auth.tls`, `policy.tls`. */
import Type, { type TSchema } from 'typebox'
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
