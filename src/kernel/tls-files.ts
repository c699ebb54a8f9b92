/**
 * Certificates and keys from PEM files, judged as they are read: what cannot be used names its setting and its file, and an
 * answer of this page is a pair that fits. RFC 7468, RFC 5280.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from './errors.ts'

export interface KeyPairFiles {
  /** The certificate with its chain. */
  readonly certFile: string
  readonly keyFile: string
}

export interface KeyPair {
  readonly cert: Buffer
  readonly key: Buffer
  /** The first certificate of the file. */
  readonly certificate: X509Certificate
}

/** `setting` is where the files are named, e.g. `auth.tls`. Throws ConfigError. */
export function readKeyPair(setting: string, { certFile, keyFile }: KeyPairFiles): KeyPair {
  const cert = readPem(`${setting}.cert_file`, certFile)
  const key = readPem(`${setting}.key_file`, keyFile)
  const certificate = certificateIn(`${setting}.cert_file: ${certFile}`, cert)
  if (!certificate.checkPrivateKey(privateKeyIn(`${setting}.key_file: ${keyFile}`, key)))
    throw new ConfigError(`${setting}: ${keyFile} is not the key of the certificate in ${certFile}`)
  return { cert, key, certificate }
}

/** Authorities to trust. Throws ConfigError where the file holds no certificate. */
export function readAuthorities(setting: string, file: string): Buffer {
  const pem = readPem(setting, file)
  certificateIn(`${setting}: ${file}`, pem)
  return pem
}

function readPem(setting: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? `: ${cause.code}` : ''
    throw new ConfigError(`${setting}: ${file} cannot be read${code}`, { cause })
  }
}

function certificateIn(place: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new ConfigError(`${place} holds no certificate in PEM`, { cause })
  }
}

/** What OpenSSL says of a bad key may quote it: it is not handed on. */
function privateKeyIn(place: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new ConfigError(`${place} holds no private key in PEM (without a passphrase)`)
  }
}
