/**
 * TLS of the policy API: version 1.3, certificate and key from files that are read again when they change, and callers who
 * may show a certificate of their own (RFC 8446; identity by RFC 5280 4.2.1.6, else by subject).
 */
import type { X509Certificate } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket, type TlsOptions } from 'node:tls'
import { ConfigError } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import type { ApiTls } from '../listen.ts'

const LOOK_AGAIN_MS = 2000

/** Throws ConfigError where a file cannot be read, or key and certificate are no pair. */
export function readTls({ certFile, keyFile, clientCaFile }: ApiTls): TlsOptions {
  try {
    const options: TlsOptions = {
      minVersion: 'TLSv1.3',
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      ...(clientCaFile !== undefined && { ca: readFileSync(clientCaFile), requestCert: true }),
      // A caller without a certificate may show a token; who shows one that is not ours is refused in `identityOf`.
      rejectUnauthorized: false,
    }
    createSecureContext(options)
    return options
  } catch (cause) {
    throw new ConfigError(`policy.tls: ${certFile} and ${keyFile} cannot be used: a certificate and its key, PEM`, {
      cause,
    })
  }
}

/** Connections that are open go on with what they began with. Answers how to stop. */
export function followFiles(server: Server, tls: ApiTls, logger: Logger): () => void {
  const files = [tls.certFile, tls.keyFile, ...(tls.clientCaFile === undefined ? [] : [tls.clientCaFile])]
  const changed = () => {
    try {
      server.setSecureContext(readTls(tls))
      logger.info('the certificate of the policy API was read again')
    } catch (error) {
      logger.error({ err: error }, 'the new certificate of the policy API cannot be used: the one before serves on')
    }
  }
  for (const file of files) watchFile(file, { interval: LOOK_AGAIN_MS, persistent: false }, changed)
  return () => {
    for (const file of files) unwatchFile(file, changed)
  }
}

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
