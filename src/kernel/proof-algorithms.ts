/** What a DPoP proof may be signed with, as metadata and challenges name it. RFC 9449 5.1 and 7.1; RFC 8037, RFC 9864. */
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const
