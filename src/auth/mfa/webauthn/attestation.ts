/**
 * What an attestation proves of an authenticator, WebAuthn Level 3 6.5.4 and 7.1 steps 21 to 24. Its statement alone says
 * nothing: anybody can sign as any model. Only a chain of certificates up to a root that the operator named makes the
 * AAGUID something to trust. Checklist 41.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '../../../kernel/errors.ts'
import type { AttestationKind } from '../../../storage/factors.ts'

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Throws ConfigError where a file is not there or holds no certificate. */
export function readAttestationRoots(files: readonly string[]): readonly X509Certificate[] {
  return files.flatMap((file) => {
    try {
      const found = readFileSync(file, 'utf8').match(PEM) ?? []
      if (found.length === 0) throw new Error('it holds no certificate in PEM')
      return found.map((pem) => new X509Certificate(pem))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'unknown'
      throw new ConfigError(`passkeys.attestation_roots: ${file}: ${why}`, { cause })
    }
  })
}

const MAX_CHAIN = 6

const isValidAt = (certificate: X509Certificate, nowMs: number): boolean =>
  certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime()

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** Each one issued by the next, the last by a root; or it is itself the root that was named (WebAuthn Level 3 7.1 step 24). */
export function reachesRoot(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  nowMs: number,
): boolean {
  if (chain.length === 0 || chain.length > MAX_CHAIN) return false
  for (const [index, certificate] of chain.entries()) {
    if (!isValidAt(certificate, nowMs) || (index > 0 && !certificate.ca)) return false
    if (roots.some((root) => root.fingerprint256 === certificate.fingerprint256)) return true
    if (roots.some((root) => root.ca && isValidAt(root, nowMs) && isIssuedBy(certificate, root))) return true
    const next = chain[index + 1]
    if (next === undefined || !isIssuedBy(certificate, next)) return false
  }
  return false
}

export interface AttestationStatement {
  readonly format: string
  /** DER, the authenticator's own first. */
  readonly certificates: readonly Uint8Array[]
}

/** Of a statement whose signature was verified. */
export function attestationKind(
  { format, certificates }: AttestationStatement,
  roots: readonly X509Certificate[],
  nowMs: number,
): AttestationKind {
  if (format === 'none') return 'none'
  if (certificates.length === 0) return 'self'
  try {
    const chain = certificates.map((der) => new X509Certificate(der))
    return reachesRoot(chain, roots, nowMs) ? 'verified' : 'untrusted'
  } catch {
    return 'untrusted'
  }
}
