/** What the configuration says of TLS, as listeners take it. */
import type { Config } from '../../config/schema.ts'
import type { ListenerTls } from '../../http/tls.ts'
import type { MtlsOptions } from '../../http/transport.ts'

type Configured = NonNullable<Config['auth']['tls']>

export const listenerFiles = ({ cert_file, key_file, minimum_version }: Configured): ListenerTls => ({
  certFile: cert_file,
  keyFile: key_file,
  minimumVersion: minimum_version,
})

/** What `auth` says of TLS and of client certificates. */
export const authTransport = ({
  issuer,
  auth: { tls, mtls },
}: Pick<Config, 'issuer' | 'auth'>): { tls?: ListenerTls; mtls?: MtlsOptions } => ({
  ...(tls && { tls: listenerFiles(tls) }),
  ...(mtls && {
    mtls: {
      from: mtls.from,
      caFile: mtls.ca_file,
      ownPort: mtls.port !== undefined,
      aliasUrl: mtls.url ?? (mtls.port === undefined ? undefined : withPort(issuer, mtls.port)),
      format: mtls.format,
      header: mtls.header,
    },
  }),
})

function withPort(issuer: string, port: number): string {
  const url = new URL(issuer)
  url.port = String(port)
  return url.href.replace(/\/$/, '')
}
