/**
 * Which redirect URIs may be registered. RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1, OIDC Registration 2 (application_type):
 * absolute, no fragment, https; http on loopback; a scheme of its own for a native app. Kept exactly as sent, since it is
 * compared byte for byte.
 */
import { isLoopbackHost } from './values.ts'

export interface RedirectOwner {
  readonly type: 'confidential' | 'public'
  /** Absent: a public client counts as native, a confidential one as web. */
  readonly applicationType?: 'web' | 'native' | undefined
}

const MAX_LENGTH = 2048

/** Visible ASCII less what URL parsers read in two ways, and `*`, that somebody could take for a wildcard. */
const PLAIN = /^[!$-)+-;=?-[\]_a-z~]+$/

const isNative = ({ type, applicationType }: RedirectOwner): boolean =>
  applicationType === undefined ? type === 'public' : applicationType === 'native'

/** What is wrong with it, as a sentence for whoever registers it; undefined when nothing is. */
export function redirectUriFault(uri: string, owner: RedirectOwner): string | undefined {
  if (uri.includes('#')) return 'must have no fragment'
  if (uri.length > MAX_LENGTH || !PLAIN.test(uri)) return 'must be an absolute URI of plain ASCII characters'
  // URL parsers supply slashes that are left out; a browser that resolves such an address against ours does not.
  if (!URL.canParse(uri) || /^https?:(?!\/\/)/i.test(uri)) return 'must be an absolute URI'
  const { protocol, hostname, username, password } = new URL(uri)
  if (username !== '' || password !== '') return 'must hold no user name or password'
  if (protocol === 'https:') return undefined
  if (protocol === 'http:') return isLoopbackHost(hostname) ? undefined : 'must be https, or http on a loopback address'
  // RFC 8252 7.1: a reverse domain name, so that no scheme with a meaning of its own (javascript, data) can pass.
  if (!protocol.includes('.')) return 'must be https, http on a loopback address, or a scheme such as com.example.app'
  return isNative(owner) ? undefined : 'must be https: only public and native clients may have a scheme of their own'
}

/** Whether each of these leads back into an app on the same machine: RFC 8252 7.1 and 7.3. */
export const leadIntoApp = (uris: readonly string[]): boolean =>
  uris.length > 0 &&
  uris.every((uri) => {
    const { protocol, hostname } = new URL(uri)
    return protocol !== 'https:' && (protocol !== 'http:' || isLoopbackHost(hostname))
  })
