/** `policy.tls`, and what else only the policy API reads. */
import { Type } from '../../schema/type.ts'
import { closed, path } from '../keywords.ts'
import { listenerTls } from './tls.ts'

export const policyTls = listenerTls('the policy API over TLS', {
  client_ca_file: Type.Optional(path('CA whose certificates name callers, PEM')),
})

export const opaFile = Type.Optional(path('OPA’s binary, with which `explain` is answered'))

export const defaultDecision = Type.String({
  pattern: '^/?[^/]+(/[^/]+)*$',
  default: '/system/main',
  description: 'document that `POST /` asks for',
})

export const clientTls = Type.Optional(
  Type.Object(
    {
      ca_file: Type.Optional(path('authorities to trust, PEM, in place of the system’s')),
      cert_file: Type.Optional(
        path('certificate that names this side to system.authz, PEM; read again when it changes'),
      ),
      key_file: Type.Optional(path('its private key, PEM')),
    },
    { ...closed, description: 'TLS to policy.url' },
  ),
)
