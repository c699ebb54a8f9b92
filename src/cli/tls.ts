/** What the configuration says of TLS, as listeners take it. */
import type { Config } from '../config/schema.ts'
import type { ListenerTls } from '../http/tls.ts'

type Configured = NonNullable<Config['auth']['tls']>

export const listenerFiles = ({ cert_file, key_file, minimum_version }: Configured): ListenerTls => ({
  certFile: cert_file,
  keyFile: key_file,
  minimumVersion: minimum_version,
})
