/**
 * The certificate of the conformance suite, taken from its own address: it signs one for itself, and the provider calls it
 * (back-channel logout, jwks_uri, sector_identifier_uri). Only ever asked of this machine.
 */
import { connect, type DetailedPeerCertificate } from 'node:tls'

const DEADLINE_MS = 2_000

/** PEM of what it shows, with whoever signed it; undefined while nobody answers there. */
export function certificateAt(address: URL): Promise<string | undefined> {
  const { hostname: host, port } = address
  return new Promise((resolve) => {
    const options = { host, port: Number(port || 443), servername: host, rejectUnauthorized: false }
    const socket = connect({ ...options, timeout: DEADLINE_MS }, () => {
      resolve(chain(socket.getPeerCertificate(true)).map(pem).join(''))
      socket.destroy()
    })
    const nothing = () => {
      resolve(undefined)
      socket.destroy()
    }
    socket.once('error', nothing).once('timeout', nothing)
  })
}

function chain(certificate: DetailedPeerCertificate): readonly Buffer[] {
  const { raw, issuerCertificate: above } = certificate
  // The last one is its own issuer.
  return above === undefined || above.raw.equals(raw) ? [raw] : [raw, ...chain(above)]
}

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
