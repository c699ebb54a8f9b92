/** `policy.tls`, and what else only the policy API reads. */
import Type from 'typebox'
import { closed, path } from '../keywords.ts'

export const policyTls = Type.Optional(
  Type.Object(
    {
      cert_file: path('certificate with its chain, PEM; read again when it changes'),
      key_file: path('its private key, PEM'),
      client_ca_file: Type.Optional(path('CA whose certificates name callers, PEM')),
    },
    { ...closed, description: 'the policy API over TLS 1.3' },
  ),
)

export const opaFile = Type.Optional(path('OPA’s binary, with which `explain` is answered'))

export const defaultDecision = Type.String({
  pattern: '^/?[^/]+(/[^/]+)*$',
  default: '/system/main',
  description: 'document that `POST /` asks for',
})
