/** What the configuration says of TLS, as listeners take it. */
import type { Config } from '../config/schema.ts'
import type { ListenerTls } from '../http/tls.ts'
import type { MtlsOptions } from '../http/transport.ts'

type Configured = NonNullable<Config['auth']['tls']>

export const listenerFiles = ({ cert_file, key_file, minimum_version }: Configured): ListenerTls => ({
  certFile: cert_file,
  keyFile: key_file,
  minimumVersion: minimum_version,
})

/** What `auth` says of TLS and of client certificates. */
export const authTransport = ({ tls, mtls }: Config['auth']): { tls?: ListenerTls; mtls?: MtlsOptions } => ({
  ...(tls && { tls: listenerFiles(tls) }),
  ...(mtls && {
    mtls: {
      from: mtls.from,
      caFile: mtls.ca_file,
      ownPort: mtls.port !== undefined,
      format: mtls.format,
      header: mtls.header,
    },
  }),
})
