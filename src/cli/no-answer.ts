/** Why a running instance could not be asked, as far as the operator can mend it. */

/** By these Node says that it knows nobody who vouches for the certificate. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])

const UNFIT: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_REVOKED: 'is revoked',
}

/** `fetch` says no more than that it failed; what it met is the cause. */
function codeOf(error: unknown): string {
  const code: unknown = Object(Object(error).cause).code
  return typeof code === 'string' ? code : ''
}

/** What follows the name of a service at `base`; `otherwise` where nothing speaks of its certificate. */
export function noAnswer(error: unknown, base: string, otherwise: string): string {
  const code = codeOf(error)
  if (UNTRUSTED.has(code))
    return `cannot be asked at ${base}: its certificate is not trusted (${code}): set NODE_EXTRA_CA_CERTS to the file of its CA`
  const unfit = UNFIT[code]
  if (unfit !== undefined) return `cannot be asked at ${base}: its certificate ${unfit} (${code})`
  return `does not answer at ${base}: ${otherwise}`
}
