/**
 * Whether an authority vouches for a client's certificate that a proxy hands on (TLS itself judges those that come over it).
 * The part of RFC 5280 6.1 that client certificates need: signatures, dates, `cA`, path length, extended key usage. An authority
 * with name constraints vouches for nobody here, since they are not evaluated.
 */
import type { X509Certificate } from 'node:crypto'

const MAX_AUTHORITIES = 5
/** RFC 5280 4.2.1.12: client authentication, any. */
const CLIENT_USES: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'])

const NAME_CONSTRAINTS = Buffer.from('0603551d1e', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')

/** `further`: what came with the certificate; `authorities`: what the configuration trusts. */
export function isVouchedFor(
  certificate: X509Certificate,
  further: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): boolean {
  const uses: readonly string[] | undefined = certificate.keyUsage
  if (!isInTime(certificate, nowMs) || (uses !== undefined && !uses.some((use) => CLIENT_USES.has(use)))) return false
  let below = certificate
  for (let depth = 0; depth < MAX_AUTHORITIES; depth++) {
    const may = (issuer: X509Certificate) => isIssuer(issuer, below, depth, nowMs)
    if (authorities.some(may)) return true
    const next = further.find(may)
    if (next === undefined) return false
    below = next
  }
  return false
}

const isInTime = ({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean =>
  validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()

/** `depth`: how many authorities stand between it and the client. */
const isIssuer = (issuer: X509Certificate, below: X509Certificate, depth: number, nowMs: number): boolean =>
  issuer.ca &&
  isInTime(issuer, nowMs) &&
  !issuer.raw.includes(NAME_CONSTRAINTS) &&
  pathLength(issuer.raw) >= depth &&
  below.checkIssued(issuer) &&
  below.verify(issuer.publicKey)

/** What follows the extension's name in DER: critical or not, `cA` true, then the path length where there is one. */
const AUTHORITY = /^(?:0101ff)?04(?:0530030101ff|0830060101ff0201(..))/

/** `pathLenConstraint` of BasicConstraints; without one any number. What cannot be read allows none. */
function pathLength(der: Buffer): number {
  const at = der.indexOf(BASIC_CONSTRAINTS)
  const found = at < 0 ? null : AUTHORITY.exec(der.toString('hex', at + BASIC_CONSTRAINTS.length, at + 24))
  if (found === null) return 0
  return found[1] === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(found[1], 16)
}
