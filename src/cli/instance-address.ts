/** Where a command asks a running instance. Secrets and tokens are shown there: it is https, or http on loopback. */
import { isLoopback } from '../config/rules.ts'
import type { Config } from '../config/schema.ts'
import { UsageError } from './command.ts'

/** Without a final slash. Throws UsageError for what is no address, or none that a secret may be sent to. */
export function instanceAddress(text: string, { tls }: Pick<Config, 'tls'>): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  // `http:nonsense` parses too.
  if (url === undefined || !isHttp || !/^https?:\/\/[^/]/i.test(text) || /[?#\s]/.test(text))
    throw new UsageError(`'${withoutUser(text)}' is no address: give one as https://HOST or https://HOST:PORT`)
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${url.origin}: the address must hold no user and no password`)
  // A mesh or sidecar ends TLS.
  if (url.protocol === 'http:' && tls !== 'terminated' && !isLoopback(url.hostname))
    throw new UsageError(
      `${url.origin} is plain http: no secret is sent there; give an https address (http on loopback)`,
    )
  return text.replace(/\/+$/, '')
}

const withoutUser = (text: string): string => text.replace(/\/\/[^/]*@/, '//')
