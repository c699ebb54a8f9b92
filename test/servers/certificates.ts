/** A throw-away CA and a server certificate for loopback, made by openssl. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Certificates {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string) => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await writeFile(file('san.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  const ca = ['-keyout', file('ca.key'), '-out', file('ca.crt'), '-subj', '/CN=Test CA', '-days', '2']
  await run('openssl', ['req', '-x509', ...key, ...ca])
  await run('openssl', ['req', ...key, '-keyout', file('tls.key'), '-out', file('tls.csr'), '-subj', '/CN=localhost'])
  const signer = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2']
  const signed = ['-in', file('tls.csr'), '-out', file('tls.crt'), '-extfile', file('san.cnf')]
  await run('openssl', ['x509', '-req', ...signer, ...signed])
  return { caFile: file('ca.crt'), certFile: file('tls.crt'), keyFile: file('tls.key') }
}
