/** How requests come in: TLS contexts of the listeners, and where client certificates are read. RFC 8446, RFC 8705. */
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import { followFiles } from '../kernel/follow-files.ts'
import { readAuthorities } from '../kernel/tls-files.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { CERTIFICATE_HEADERS, type CertificateFormat, certificatesIn } from './certificate-header.ts'
import { type CertificateSource, certificatesOfHeader, certificatesOfTls } from './certificate-source.ts'
import { trustedProxies } from './origin.ts'
import { type ListenerTls, openTlsContext, type TlsContext } from './tls.ts'

/** Where clients show certificates, and who vouches for them. */
export interface MtlsOptions {
  readonly from: 'tls' | 'header'
  readonly caFile?: string | undefined
  /** A port of its own asks for certificates, and no other. */
  readonly ownPort?: boolean
  /** Base address of the endpoints there, where it is another than the issuer. */
  readonly aliasUrl?: string | undefined
  readonly format?: CertificateFormat | undefined
  readonly header?: string | undefined
}

export interface TransportOptions {
  readonly tls?: ListenerTls | undefined
  readonly mtls?: MtlsOptions | undefined
  readonly trustedProxies: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'tlsReloads' | 'tlsNotAfter'>
}

export interface Transport {
  readonly tls: TlsContext | undefined
  /** Of the port that alone asks for certificates. */
  readonly certificateTls: TlsContext | undefined
  readonly certificates: CertificateSource | undefined
  close(): void
}

const CA_SETTING = 'auth.mtls.ca_file'

/** Throws ConfigError where a file cannot be used. */
export function openTransport(options: TransportOptions): Transport {
  const { tls: files, mtls, logger, metrics } = options
  const open = (listener: string, over: Partial<ListenerTls> = {}) =>
    files && openTlsContext({ setting: 'auth.tls', listener, files: { ...files, ...over }, logger, metrics })
  const asking =
    mtls?.from === 'tls'
      ? { requestCertificates: true, clientCaFile: mtls.caFile, clientCaSetting: CA_SETTING }
      : undefined
  const tls = open('auth', mtls?.ownPort === true ? {} : asking)
  const certificateTls = mtls?.ownPort === true ? open('auth_mtls', asking) : undefined
  const authorities = mtls?.from === 'header' ? followAuthorities(mtls.caFile, logger) : undefined
  return {
    tls,
    certificateTls,
    certificates: mtls && sourceOf(options, mtls, authorities?.now),
    close: () => {
      tls?.close()
      certificateTls?.close()
      authorities?.close()
    },
  }
}

function sourceOf(
  { trustedProxies: networks, clock, logger }: TransportOptions,
  { caFile, format = 'rfc9440', header = CERTIFICATE_HEADERS[format] }: MtlsOptions,
  authorities: (() => readonly X509Certificate[]) | undefined,
): CertificateSource {
  if (authorities === undefined) return certificatesOfTls(caFile !== undefined)
  const trusts = trustedProxies(networks)
  return certificatesOfHeader({ format, header: header.toLowerCase(), trusts, authorities, clock, logger })
}

/** Those of the file as it is; one that cannot be used leaves those before. */
function followAuthorities(file: string | undefined, logger: Logger) {
  let known: readonly X509Certificate[] = []
  if (file === undefined) return { now: () => known, close: () => {} }
  const take = () => {
    known = certificatesIn(readAuthorities(CA_SETTING, file).toString())
  }
  const close = followFiles({
    files: [file],
    take,
    refuse: (error) => logger.error({ err: error }, 'the authorities of clients cannot be read: those before stay'),
  })
  try {
    take()
  } catch (error) {
    close()
    throw error
  }
  return { now: () => known, close }
}
