/**
 * Which redirect URIs are a client's own: those it registered, byte for byte. Only a native client's loopback address may
 * come with any port, since it takes the one that is free. RFC 9700 2.1 and 4.1.1, RFC 8252 7.3; checklist 1.
 */
import type { ClientRecord } from '../../storage/records.ts'

type Owner = Pick<ClientRecord, 'redirectUris' | 'metadata'>

/** RFC 8252 8.3: by address, never by the name `localhost`, which may lead elsewhere. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::([1-9]\d{0,4}))?((?:[/?].*)?)$/s

/** Everything of a loopback address but its port; undefined for any other address, and for a port that is none. */
function withoutPort(uri: string): string | undefined {
  const [, host, port, rest] = LOOPBACK.exec(uri) ?? []
  if (port !== undefined && Number(port) > 65_535) return undefined
  return host === undefined ? undefined : `${host} ${rest}`
}

export function ownsRedirectUri(client: Owner, redirectUri: string): boolean {
  if (client.redirectUris.includes(redirectUri)) return true
  if (client.metadata?.application_type !== 'native') return false
  const asked = withoutPort(redirectUri)
  return asked !== undefined && client.redirectUris.some((registered) => withoutPort(registered) === asked)
}

const LOCAL = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/?]|$)/i

/** What the address proves of its owner, RFC 8252 8.6: an https address is one party's; the others are any app's to take. */
export function redirectKind(redirectUri: string): 'https' | 'loopback' | 'private_scheme' {
  if (/^https:/i.test(redirectUri)) return 'https'
  return LOCAL.test(redirectUri) ? 'loopback' : 'private_scheme'
}
