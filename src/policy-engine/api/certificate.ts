/** Callers of the policy API that show a certificate of their own (identity by RFC 5280 4.2.1.6, else by subject). */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** `none`: it showed none. `refused`: what it showed is not of our CA, or out of its time. */
export type CertificateIdentity = 'none' | 'refused' | { readonly identity: string }

const known = new WeakMap<Socket, CertificateIdentity>()

/** Looked at once for each connection. */
export function certificateOf(socket: Socket): CertificateIdentity {
  if (!(socket instanceof TLSSocket)) return 'none'
  let found = known.get(socket)
  if (found === undefined) {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) found = 'none'
    else found = socket.authorized ? { identity: identityOf(certificate) } : 'refused'
    known.set(socket, found)
  }
  return found
}

/** The first URI among the alternative names (SPIFFE), else the subject as RFC 4514 writes it. */
function identityOf({ subject, subjectAltName = '' }: X509Certificate): string {
  const uri = /(?:^|, )URI:([^",\s]+)(?:,|$)/.exec(subjectAltName)?.[1]
  return uri ?? subject.split('\n').reverse().join(',')
}
