/** `policy.tls`, and what else only the policy API reads. */
import Type from 'typebox'
import { path } from '../keywords.ts'
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
