/**
 * A client's certificate as a proxy that ended TLS hands it on: `Client-Cert` and `Client-Cert-Chain` (RFC 9440), nginx's
 * `$ssl_client_escaped_cert`, Envoy's `x-forwarded-client-cert`.
 */
import { X509Certificate } from 'node:crypto'

export type CertificateFormat = 'rfc9440' | 'nginx' | 'envoy'

/** Where each format comes, unless the configuration says otherwise. */
export const CERTIFICATE_HEADERS: Readonly<Record<CertificateFormat, string>> = {
  rfc9440: 'client-cert',
  nginx: 'x-ssl-cert',
  envoy: 'x-forwarded-client-cert',
}

export interface ForwardedCertificate {
  readonly certificate: X509Certificate
  readonly further: readonly X509Certificate[]
}

type Headers = Readonly<Record<string, string | string[] | undefined>>
type Read = (value: string, chain: string | undefined) => ForwardedCertificate

const READERS: Readonly<Record<CertificateFormat, Read>> = {
  rfc9440: (value, chain) => ({
    certificate: fromByteSequence(value),
    further: chain === undefined ? [] : chain.split(',').map((item) => fromByteSequence(item.trim())),
  }),
  nginx: (value) => ({ certificate: fromEscapedPem(value), further: [] }),
  envoy: (value) => {
    const element = lastElement(value)
    return {
      certificate: fromEscapedPem(element.get('cert') ?? ''),
      further: certificatesIn(decodeURIComponent(element.get('chain') ?? '')),
    }
  },
}

/** Undefined where there is no such header; throws where it does not hold what it should. */
export function readCertificateHeader(
  format: CertificateFormat,
  header: string,
  headers: Headers,
): ForwardedCertificate | undefined {
  const value = headers[header]
  if (typeof value !== 'string' || value === '') return undefined
  const chain = headers[`${header}-chain`]
  return READERS[format](value, typeof chain === 'string' ? chain : undefined)
}

/** RFC 8941 3.3.5: base64 between colons. A second value is an error: whoever wrote the first did not mean it. */
function fromByteSequence(item: string): X509Certificate {
  const base64 = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(item)?.[1]
  if (base64 === undefined) throw new Error('no byte sequence')
  return new X509Certificate(Buffer.from(base64, 'base64'))
}

/** One PEM and nothing beside it: a header that came twice is one value with a comma, and whoever wrote the first is no proxy. */
function fromEscapedPem(value: string): X509Certificate {
  const pem = decodeURIComponent(value)
  if (!/^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/.test(pem))
    throw new Error('not one certificate')
  return new X509Certificate(pem)
}

export const certificatesIn = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one))

const PAIR = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)([;,]|$)/gy

/** Each proxy adds an element; the last is of the one that speaks to us. */
function lastElement(value: string): ReadonlyMap<string, string> {
  let element = new Map<string, string>()
  let end = 0
  let isOver = false
  for (const pair of value.matchAll(PAIR)) {
    const [all, name = '', text = '', separator] = pair
    if (isOver) element = new Map()
    element.set(name.toLowerCase(), text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text)
    isOver = separator === ','
    end = pair.index + all.length
  }
  if (end !== value.length) throw new Error('no x-forwarded-client-cert')
  return element
}
