/**
 * Client authentication by certificate: tls_client_auth, by a name that an authority of ours vouches for, and
 * self_signed_tls_client_auth, by a key that the client registered. RFC 8705 2. The handshake has proved the private key.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../../http/client-certificate.ts'
import { oneText } from '../../http/client-certificate.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { ClientMetadata } from '../../storage/client-metadata.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ClientKeys } from './client-keys.ts'
import { canonicalName } from './distinguished-name.ts'
import type { Jwk } from './remote-jwks.ts'

const CERTIFICATE_METHODS = ['tls_client_auth', 'self_signed_tls_client_auth'] as const
export type CertificateMethod = (typeof CERTIFICATE_METHODS)[number]

/** What is wrong with one, as the audit trail has it. */
export type CertificateFault =
  | 'certificate_missing'
  | 'certificate_not_vouched_for'
  | 'certificate_expired'
  | 'certificate_other_name'
  | 'certificate_other_key'

export interface ClientCertificates {
  /** Undefined where the request shows the client's certificate. */
  refuse(request: HttpRequest, client: ClientRecord, method: CertificateMethod): Promise<CertificateFault | undefined>
}

/** How a client that sends nothing but its id is to prove itself, where that is by certificate. */
export const certificateMethod = ({ metadata }: ClientRecord): CertificateMethod | undefined =>
  CERTIFICATE_METHODS.find((method) => method === metadata?.token_endpoint_auth_method)

export const clientCertificates = (keys: Pick<ClientKeys, 'registered'>): ClientCertificates => ({
  async refuse({ clientCertificate, origin }, client, method) {
    if (clientCertificate === undefined) return 'certificate_missing'
    if (method === 'self_signed_tls_client_auth')
      return (await isRegistered(keys, client, clientCertificate)) ? undefined : 'certificate_other_key'
    if (!clientCertificate.verified) return 'certificate_not_vouched_for'
    // A connection may outlive the certificate that it began with.
    if (clientCertificate.validToMs < origin.time.epoch_seconds * 1000) return 'certificate_expired'
    return isNamed(client.metadata ?? {}, clientCertificate) ? undefined : 'certificate_other_name'
  },
})

/** RFC 8705 2.1.2: the one name that the client registered. */
function isNamed(metadata: ClientMetadata, { subject, names }: ClientCertificate): boolean {
  const { tls_client_auth_subject_dn: dn, tls_client_auth_san_dns: dns, tls_client_auth_san_uri: uri } = metadata
  const { tls_client_auth_san_ip: ip, tls_client_auth_san_email: email } = metadata
  if (dn !== undefined) {
    const expected = canonicalName(dn)
    return expected !== undefined && expected === canonicalName(subject)
  }
  if (dns !== undefined) return names.dns.some((name) => name.toLowerCase() === dns.toLowerCase())
  if (uri !== undefined) return names.uri.includes(uri)
  if (ip !== undefined) return names.ip.includes(oneText(ip))
  return email !== undefined && names.email.includes(email)
}

/** RFC 8705 2.2: among those of now; of a set behind an address also among those of this moment, since clients renew theirs. */
async function isRegistered(
  keys: Pick<ClientKeys, 'registered'>,
  client: ClientRecord,
  certificate: ClientCertificate,
): Promise<boolean> {
  const isOurs = (jwk: Jwk) => isOf(jwk, certificate)
  if ((await keys.registered(client)).some(isOurs)) return true
  return client.metadata?.jwks === undefined && (await keys.registered(client, certificate.thumbprint)).some(isOurs)
}

/** RFC 8705 2.2.2: `x5c` names this certificate and no other; a key without one, each certificate of it. */
function isOf({ x5c, ...jwk }: Jwk, { thumbprint, publicKey }: ClientCertificate): boolean {
  if (x5c === undefined) return importedKey(jwk)?.equals(publicKey) === true
  return Array.isArray(x5c) && thumbprintOf(x5c[0]) === thumbprint
}

function importedKey(jwk: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

function thumbprintOf(base64: unknown): string | undefined {
  if (typeof base64 !== 'string') return undefined
  try {
    const { fingerprint256 } = new X509Certificate(Buffer.from(base64, 'base64'))
    return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  } catch {
    return undefined
  }
}
