/**
 * Where a request's client certificate comes from: the handshake, or a header of a trusted proxy. From anybody else the header
 * is not read, so that it reaches neither endpoint nor policy. RFC 8705 6.5, RFC 9440 4.
 */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../observability/logger.ts'
import { isVouchedFor } from './certificate-chain.ts'
import { type CertificateFormat, readCertificateHeader } from './certificate-header.ts'
import { type ClientCertificate, describeCertificate } from './client-certificate.ts'
import { normalise, type TrustsProxy } from './origin.ts'

export type CertificateSource = (
  socket: Socket,
  headers: Readonly<Record<string, string | string[] | undefined>>,
) => ClientCertificate | undefined

/** Of the connection; looked at once. `hasAuthorities`: without any of ours, those of the system vouch for nobody. */
export function certificatesOfTls(hasAuthorities: boolean): CertificateSource {
  const known = new WeakMap<Socket, { readonly found: ClientCertificate | undefined }>()
  return (socket) => {
    if (!(socket instanceof TLSSocket)) return undefined
    const before = known.get(socket)
    if (before) return before.found
    const certificate = socket.getPeerX509Certificate()
    const found = certificate && describeCertificate(certificate, hasAuthorities && socket.authorized)
    known.set(socket, { found })
    return found
  }
}

export interface HeaderCertificates {
  readonly format: CertificateFormat
  /** In lower case. */
  readonly header: string
  readonly trusts: TrustsProxy
  /** As they are now. */
  readonly authorities: () => readonly X509Certificate[]
  readonly clock: Clock
  readonly logger: Logger
}

export function certificatesOfHeader(options: HeaderCertificates): CertificateSource {
  const { format, header, trusts, authorities, clock, logger } = options
  let hasWarned = false
  return (socket, headers) => {
    if (headers[header] === undefined || !trusts(normalise(socket.remoteAddress ?? ''))) return undefined
    try {
      const read = readCertificateHeader(format, header, headers)
      if (read === undefined) return undefined
      const { certificate, further } = read
      return describeCertificate(certificate, isVouchedFor(certificate, further, authorities(), clock.nowMs()))
    } catch {
      if (!hasWarned) logger.warn({ header, format }, 'a trusted proxy sends client certificates that cannot be read')
      hasWarned = true
      return undefined
    }
  }
}
