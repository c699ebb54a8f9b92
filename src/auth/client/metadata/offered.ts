/** What a client may register for, of what this provider can do. The same lists stand in its metadata (RFC 8414 2). */

import { CLIENT_AUTH_METHODS, type ClientAuthMethod } from '../../../storage/client-metadata.ts'
import { SIGNATURE_ALGS } from '../public-key.ts'

export interface Offered {
  /** How clients may authenticate: by certificate only where somebody asks them for one. */
  readonly authMethods: readonly ClientAuthMethod[]
  /** Algorithms of this provider's own signatures: ID tokens, userinfo, introspection answers. */
  readonly signing: readonly string[]
  /** Algorithms that a client may sign with: its assertions and proofs. RFC 8725 3.1: `none` is never among them. */
  readonly clientSigning: readonly string[]
  /** With its secret as the key: client_secret_jwt. */
  readonly clientMac: readonly string[]
}

/** RFC 8705 2: the first needs an authority that vouches for clients. */
const BY_CERTIFICATE = ['tls_client_auth', 'self_signed_tls_client_auth'] as const satisfies readonly ClientAuthMethod[]

/** `signing`: the algorithms of the keys that are there, the platform's own first; `certificates`: absent where none are shown. */
export const offeredWith = (
  signing: readonly string[],
  certificates?: { readonly hasAuthorities: boolean } | undefined,
): Offered => ({
  authMethods: CLIENT_AUTH_METHODS.filter(
    (method) =>
      !BY_CERTIFICATE.some((known) => known === method) ||
      (certificates !== undefined && (method !== 'tls_client_auth' || certificates.hasAuthorities)),
  ),
  signing,
  clientSigning: SIGNATURE_ALGS,
  clientMac: ['HS256'],
})
