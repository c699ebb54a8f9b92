/** `passkeys`: who we are to authenticators, and whose attestations are believed. Which are let in is policy's to say. */
import { Type } from '../../schema/type.ts'
import { path, section } from '../keywords.ts'

export const passkeys = section(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'what authenticators and authenticator apps call this provider; none: `pages.name`',
      }),
    ),
    attestation_roots: Type.Array(path('root certificates of makers of authenticators, PEM'), {
      default: [],
      description: 'by which attestations are verified; without them none is',
    }),
  },
  'passkeys, security keys and authenticator apps',
)
