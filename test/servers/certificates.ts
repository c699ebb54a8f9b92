/** A throw-away CA with a server certificate for loopback, and further certificates of it, made by openssl. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'

const run = promisify(execFile)

const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface Certificates extends CertificateFiles {
  readonly caFile: string
}

export const LOOPBACK_NAMES = 'subjectAltName=IP:127.0.0.1,DNS:localhost'

/** `ca.crt` and `ca.key`, `tls.crt` and `tls.key` in the folder. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const { certFile: caFile } = await makeAuthority(folder, 'ca', '/CN=Test CA')
  const server = await makeCertificate(folder, 'tls', { subject: '/CN=localhost', extensions: LOOPBACK_NAMES })
  return { caFile, ...server }
}

/** A certificate that signs itself. */
export async function makeAuthority(folder: string, name: string, subject: string): Promise<CertificateFiles> {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
  await run('openssl', [
    ...['req', '-x509', ...P256, '-days', '2', '-subj', subject],
    ...['-keyout', files.keyFile, '-out', files.certFile],
  ])
  return files
}

export interface CertificateParts {
  /** As openssl takes it: `/O=Example/CN=reader`. */
  readonly subject: string
  /** Lines of an extension section. */
  readonly extensions?: string
  /** Name of the authority in the folder. */
  readonly ca?: string
  readonly rsa?: boolean
  readonly days?: number
}

/** `<name>.crt` and `<name>.key` in the folder, signed by an authority there. */
export async function makeCertificate(
  folder: string,
  name: string,
  parts: CertificateParts,
): Promise<CertificateFiles> {
  const { subject, extensions = 'basicConstraints=CA:FALSE', ca = 'ca', rsa = false, days = 2 } = parts
  const file = (ending: string) => join(folder, `${name}.${ending}`)
  const key = rsa ? ['-newkey', 'rsa:2048', '-nodes'] : P256
  await run('openssl', ['req', ...key, '-keyout', file('key'), '-out', file('csr'), '-subj', subject])
  await writeFile(file('cnf'), `${extensions}\n`)
  const signer = ['-CA', join(folder, `${ca}.crt`), '-CAkey', join(folder, `${ca}.key`), '-days', String(days)]
  const signed = ['-in', file('csr'), '-out', file('crt'), '-extfile', file('cnf'), '-set_serial', newSerial()]
  await run('openssl', ['x509', '-req', ...signer, ...signed])
  return { certFile: file('crt'), keyFile: file('key') }
}

let serial = Date.now() * 1000
const newSerial = (): string => String(++serial)

const trusted = new Set<string>()

/** For this process's `fetch`, beside the others that a test trusted: connections to the servers before may be made anew. */
export function trustAuthority({ caFile }: Pick<Certificates, 'caFile'>): void {
  trusted.add(readFileSync(caFile, 'utf8'))
  setDefaultCACertificates([...trusted])
}
