/** Certificates and keys of `http.send`: in the request, or by the name of a file or variable that the configuration lists. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import type { EgressTls } from '../../../egress/egress.ts'
import { BuiltinError } from '../builtin.ts'
import type { Outside } from '../outside.ts'

export interface Source {
  readonly inline: string | undefined
  readonly file: string | undefined
  readonly variable: string | undefined
}

export interface TlsSources {
  readonly useSystemCerts: boolean
  readonly insecure: boolean
  readonly serverName: string | undefined
  readonly ca: Source
  readonly cert: Source
  readonly key: Source
}

type Shelf = Pick<Outside, 'readFile' | 'variable'>

/** Undefined where the request says nothing of TLS. Throws BuiltinError where what it names is not there, or is no PEM. */
export async function loadTls(shelf: Shelf, sources: TlsSources): Promise<EgressTls | undefined> {
  const ca = await authorities(shelf, sources)
  const shown = await clientCertificate(shelf, sources)
  if (shown !== undefined) checkPair(shown)
  const tls: EgressTls = {
    ...(ca !== undefined && { ca }),
    ...shown,
    ...(sources.serverName !== undefined && { serverName: sources.serverName }),
    ...(sources.insecure && { insecure: true }),
  }
  return Object.keys(tls).length === 0 ? undefined : tls
}

let systemAuthorities: string | undefined

/** All that are named together. */
async function authorities(shelf: Shelf, { useSystemCerts, ca }: TlsSources): Promise<string | undefined> {
  const named: string[] = []
  // Line ends may have been escaped on the way through JSON.
  if (ca.inline !== undefined) named.push(ca.inline.replaceAll('\\n', '\n'))
  if (ca.file !== undefined) named.push(await shelf.readFile(ca.file))
  if (ca.variable !== undefined) named.push(shelf.variable(ca.variable) ?? '')
  if (!named.every(holdsCertificate)) throw new BuiltinError('could not append certificates')
  if (!useSystemCerts) return named.length === 0 ? undefined : named.join('\n')
  systemAuthorities ??= getCACertificates('system').join('\n')
  return [systemAuthorities, ...named].join('\n')
}

function holdsCertificate(pem: string): boolean {
  const [first] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem) ?? []
  if (first === undefined) return false
  try {
    return new X509Certificate(first).raw.length > 0
  } catch {
    return false
  }
}

type Pair = Required<Pick<EgressTls, 'cert' | 'key'>>

function checkPair({ cert, key }: Pair): void {
  let fits: boolean
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    throw new BuiltinError('the client certificate or its key is no PEM')
  }
  if (!fits) throw new BuiltinError('tls: private key does not match public key')
}

/** The first place that has both certificate and key. */
async function clientCertificate(shelf: Shelf, { cert, key }: TlsSources): Promise<Pair | undefined> {
  if (cert.inline !== undefined && key.inline !== undefined) return { cert: cert.inline, key: key.inline }
  if (cert.file !== undefined && key.file !== undefined) {
    return { cert: await shelf.readFile(cert.file), key: await shelf.readFile(key.file) }
  }
  if (cert.variable !== undefined && key.variable !== undefined) {
    const pair = { cert: shelf.variable(cert.variable), key: shelf.variable(key.variable) }
    if (pair.cert !== undefined && pair.key !== undefined) return { cert: pair.cert, key: pair.key }
    throw new BuiltinError('cannot extract public/private key pair from variables that are not set, or not listed')
  }
  return undefined
}
