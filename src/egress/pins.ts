/**
 * Pinned public keys, RFC 7469 2.4 and 2.6: SHA-256 of the SubjectPublicKeyInfo of the server's certificate, or of one that
 * vouches for it. Each step up is verified here: what a server sends beside its chain proves nothing.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { type Egress, EgressError, type EgressTls } from './egress.ts'

export const pinOf = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')

/** More than that is no chain of anybody's. */
const MAX_CHAIN = 10

/** The server's certificate, and each that has signed the one before it, sent by the server or trusted here. */
export function verifiedChain(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let next: DetailedPeerCertificate | undefined = peer; next?.raw !== undefined && chain.length < MAX_CHAIN; ) {
    const certificate = new X509Certificate(next.raw)
    const below = chain.at(-1)
    if (below !== undefined && !signed(certificate, below)) break
    chain.push(certificate)
    // A root names itself.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}

const signed = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** None of the server's keys is pinned. */
export class PinError extends EgressError {
  /** From the server's own up. */
  readonly seen: readonly string[]
  constructor(host: string, seen: readonly string[]) {
    const told = seen.map((pin) => `sha256/${pin}`).join(', ')
    super('pin', `${host}: none of its keys is pinned; seen, from the server's own up: ${told || 'none'}`)
    this.seen = seen
  }
}

/** Names what was seen, so that an operator can compare it with what the provider publishes: pins are no secrets. */
export function unpinned(
  host: string,
  chain: readonly X509Certificate[],
  pins: readonly string[],
): EgressError | undefined {
  const seen = chain.map(pinOf)
  return seen.some((pin) => pins.includes(pin)) ? undefined : new PinError(host, seen)
}

/** Ends the connection before anything is sent over it. */
export function refuseUnpinned(socket: TLSSocket, host: string, pins: readonly string[]): void {
  socket.prependOnceListener('secureConnect', () => {
    const error = unpinned(host, verifiedChain(socket.getPeerCertificate(true)), pins)
    if (error !== undefined) socket.destroy(error)
  })
}

/** The keys that a server shows, beside all else that is checked of it; nothing is sent. Throws EgressError. */
export async function keysShownBy(
  egress: Egress,
  url: URL,
  tls: EgressTls,
  deadlineMs: number,
): Promise<readonly string[]> {
  try {
    await egress.request({ method: 'HEAD', url, deadlineMs, tls: { ...tls, pins: [] } })
  } catch (error) {
    if (error instanceof PinError) return error.seen
    throw error
  }
  return []
}
