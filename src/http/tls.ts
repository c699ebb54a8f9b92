/**
 * TLS of a listener: version 1.3, or 1.2 with forward secrecy and AES-GCM alone where the configuration asks for it; certificate
 * and key from files that are read again when they change. Open connections go on with what they began with. RFC 8446,
 * RFC 9325 4.2, FAPI 2.0 Security Profile 5.2.2.
 */
import type { TlsOptions } from 'node:tls'
import { followFiles } from '../kernel/follow-files.ts'
import { type KeyPairFiles, readAuthorities, readKeyPair } from '../kernel/tls-files.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'

export interface ListenerTls extends KeyPairFiles {
  /** Default 1.3. */
  readonly minimumVersion?: '1.2' | '1.3' | undefined
  /** Whose certificates are taken as verified. */
  readonly clientCaFile?: string | undefined
  /** Where that file is named, for errors; by default beside the others. */
  readonly clientCaSetting?: string | undefined
  /** Asks each caller for a certificate, and needs none. Implied by `clientCaFile`. */
  readonly requestCertificates?: boolean | undefined
}

export interface TlsContextOptions {
  /** Where the files are named, for errors: `auth.tls`. */
  readonly setting: string
  /** Label of the metrics. */
  readonly listener: string
  readonly files: ListenerTls
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'tlsReloads' | 'tlsNotAfter'>
  readonly lookEveryMs?: number
}

/** What takes new certificates: node:https and node:tls servers do. */
export interface SecureServer {
  setSecureContext(options: TlsOptions): void
  once(event: 'close', listener: () => void): unknown
}

export interface TlsContext {
  /** For a server that is made now. */
  options(): TlsOptions
  /** The server gets each new certificate, until it closes. */
  adopt(server: SecureServer): void
  close(): void
}

const AES_GCM_1_2 = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
] as const
const SUITES_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const
/** One that does not finish its handshake holds a socket no longer. */
const HANDSHAKE_MS = 10_000

/** Throws ConfigError where a file cannot be used. */
export function openTlsContext(options: TlsContextOptions): TlsContext {
  const { setting, listener, files, logger, metrics } = options
  const servers = new Set<SecureServer>()
  const { certFile, keyFile, clientCaFile } = files
  const unfollow = followFiles({
    files: [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])],
    ...(options.lookEveryMs !== undefined && { everyMs: options.lookEveryMs }),
    take: () => {
      take()
      for (const server of servers) server.setSecureContext(current)
      metrics.tlsReloads.inc({ listener, outcome: 'taken' })
      logger.info({ listener }, 'the new certificate is in use')
    },
    refuse: (error) => {
      metrics.tlsReloads.inc({ listener, outcome: 'refused' })
      logger.error({ listener, err: error }, 'the new certificate cannot be used: the one before serves on')
    },
  })
  let current: TlsOptions
  const take = () => {
    const { cert, key, certificate } = readKeyPair(setting, files)
    current = { ...rulesOf(setting, files), cert, key }
    metrics.tlsNotAfter.set({ listener }, certificate.validToDate.getTime() / 1000)
  }
  try {
    take()
  } catch (error) {
    unfollow()
    throw error
  }
  return {
    options: () => current,
    adopt: (server) => {
      servers.add(server)
      server.once('close', () => servers.delete(server))
    },
    close: unfollow,
  }
}

/** Throws ConfigError where a file cannot be used. */
export function checkListenerTls(setting: string, files: ListenerTls): void {
  readKeyPair(setting, files)
  rulesOf(setting, files)
}

function rulesOf(setting: string, files: ListenerTls): TlsOptions {
  const { minimumVersion, clientCaFile, clientCaSetting = `${setting}.client_ca_file`, requestCertificates } = files
  const old = minimumVersion === '1.2'
  return {
    minVersion: old ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: [...SUITES_1_3, ...(old ? AES_GCM_1_2 : [])].join(':'),
    honorCipherOrder: true,
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: clientCaFile !== undefined || requestCertificates === true,
    // An authority in the file is trusted for itself, whoever signed it: as with certificates from a header.
    allowPartialTrustChain: true,
    // Who shows none, or one that no authority of ours vouches for, is judged by the request's own credentials.
    rejectUnauthorized: false,
    ...(clientCaFile !== undefined && { ca: readAuthorities(clientCaSetting, clientCaFile) }),
  }
}
