/** The algorithms that tokens of ours are signed with: RFC 7518 3.1 (ES256, PS256, RS256), RFC 8037 3.1 (EdDSA, of Ed25519 only). */

export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

export const isSigningAlgorithm = (name: string): name is SigningAlgorithm =>
  SIGNING_ALGORITHMS.some((known) => known === name)
