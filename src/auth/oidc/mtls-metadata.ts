/** What the metadata say of client certificates, where clients may show them. RFC 8705 2.1.1, 2.2.1, 3.3 and 5. */

/** As configured. */
export interface MtlsOffer {
  /** Whether an authority vouches for clients: without one there is no tls_client_auth. */
  readonly hasAuthorities: boolean
  /** Base address of the endpoints that ask for certificates, where it is another than the issuer. */
  readonly aliasUrl?: string | undefined
}

/** Endpoints at which a client authenticates or shows a bound token. */
const ALIASED = [
  'token_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'userinfo_endpoint',
] as const

export const certificateMethods = (mtls: MtlsOffer | undefined): readonly string[] =>
  mtls === undefined ? [] : [...(mtls.hasAuthorities ? ['tls_client_auth'] : []), 'self_signed_tls_client_auth']

/** To be added to `metadata`. */
export function mtlsMetadata(
  issuer: string,
  mtls: MtlsOffer | undefined,
  metadata: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (mtls === undefined) return {}
  const { aliasUrl } = mtls
  const bound = { tls_client_certificate_bound_access_tokens: true }
  if (aliasUrl === undefined) return bound
  const aliases = ALIASED.flatMap((name) => {
    const url = metadata[name]
    return typeof url === 'string' && url.startsWith(issuer) ? [[name, `${aliasUrl}${url.slice(issuer.length)}`]] : []
  })
  return { ...bound, mtls_endpoint_aliases: Object.fromEntries(aliases) }
}
