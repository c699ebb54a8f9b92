/** A client's certificate as endpoints see it: its thumbprint, its names, and whether an authority of ours vouches for it. RFC 8705. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { isIPv6, SocketAddress } from 'node:net'

/** Alternative names of a certificate, RFC 5280 4.2.1.6. */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  /** One text for each address. */
  readonly ip: readonly string[]
  readonly email: readonly string[]
}

export interface ClientCertificate {
  /** `x5t#S256`, RFC 8705 3.1. */
  readonly thumbprint: string
  /** RFC 4514; empty where the subject is. */
  readonly subject: string
  readonly names: AlternativeNames
  readonly publicKey: KeyObject
  /** Whether its chain ends at an authority of the configuration. One that signed itself is not. */
  readonly verified: boolean
  /** Milliseconds since the epoch. */
  readonly validFromMs: number
  readonly validToMs: number
}

export const describeCertificate = (certificate: X509Certificate, verified: boolean): ClientCertificate => ({
  thumbprint: createHash('sha256').update(certificate.raw).digest('base64url'),
  subject: subjectOf(certificate),
  names: alternativeNames(certificate.subjectAltName ?? ''),
  publicKey: certificate.publicKey,
  verified,
  validFromMs: certificate.validFromDate.getTime(),
  validToMs: certificate.validToDate.getTime(),
})

/** Node gives one RDN a line, in the order of the certificate, escaped as RFC 4514 wants it, which has them in reverse. */
function subjectOf({ subject }: X509Certificate): string {
  const lines: readonly string[] = (subject ?? '').split('\n')
  return lines
    .toReversed()
    .map((line) => line.replaceAll(' + ', '+'))
    .join(',')
}

/** `DNS:a.example, URI:"…"`: what could be mistaken for a separator is written as a JSON text. */
const ALTERNATIVE = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y

export function alternativeNames(text: string): AlternativeNames {
  const names = { dns: [] as string[], uri: [] as string[], ip: [] as string[], email: [] as string[] }
  for (const [, kind = '', value = ''] of text.matchAll(new RegExp(ALTERNATIVE, 'gy'))) {
    const plain = value.startsWith('"') ? String(JSON.parse(value)) : value
    if (kind === 'DNS') names.dns.push(plain)
    if (kind === 'URI') names.uri.push(plain)
    if (kind === 'IP Address') names.ip.push(oneText(plain))
    if (kind === 'email') names.email.push(plain)
  }
  return names
}

/** An address in the one text that it has. */
export const oneText = (address: string): string =>
  isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
