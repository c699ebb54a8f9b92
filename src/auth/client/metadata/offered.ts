/** What a client may register for, of what this provider can do. The same lists stand in its metadata (RFC 8414 2). */

import { SIGNATURE_ALGS } from '../public-key.ts'

export interface Offered {
  /** Algorithms of this provider's own signatures: ID tokens, userinfo, introspection answers. */
  readonly signing: readonly string[]
  /** Algorithms that a client may sign with: its assertions and proofs. RFC 8725 3.1: `none` is never among them. */
  readonly clientSigning: readonly string[]
  /** With its secret as the key: client_secret_jwt. */
  readonly clientMac: readonly string[]
}

/** `signing`: the algorithms of the keys that are there, the platform's own first. */
export const offeredWith = (signing: readonly string[]): Offered => ({
  signing,
  clientSigning: SIGNATURE_ALGS,
  clientMac: ['HS256'],
})
