/** Where a redirect leads, and with what (RFC 9110 15.4). To another origin goes nothing that could be a credential. */
import { EgressError, type EgressRequest, type EgressResponse } from './egress.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308])

/** What another origin may see of the headers. */
const HARMLESS: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-type',
  'user-agent',
])

/** The request that follows; undefined where the answer leads nowhere. Throws EgressError where it must not be followed. */
export function redirected(request: EgressRequest, { status, headers }: EgressResponse): EgressRequest | undefined {
  const { location } = headers
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined
  if (!URL.canParse(location, request.url)) throw new EgressError('unreachable', 'the redirect leads to no address')
  const url = new URL(location, request.url)
  url.hash = ''
  // What the answer puts there is no credential of ours.
  url.username = url.password = ''
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw new EgressError('denied', 'the redirect leads from https to an address without TLS')
  }
  const isSameOrigin = url.origin === request.url.origin
  const becomesGet = !KEEPS_METHOD.has(status) && request.method !== 'GET' && request.method !== 'HEAD'
  const { body, tls, headers: sent = {}, ...rest } = request
  // Nor is its certificate left unjudged because that of this one is.
  const { cert: _cert, key: _key, serverName: _name, insecure: _insecure, ...publicTls } = tls ?? {}
  const kept = Object.entries(sent).filter(([name]) => {
    const plain = name.toLowerCase()
    return (isSameOrigin || HARMLESS.has(plain)) && !(becomesGet && plain.startsWith('content-'))
  })
  return {
    ...rest,
    url,
    method: becomesGet ? 'GET' : request.method,
    headers: Object.fromEntries(kept),
    ...(body !== undefined && !becomesGet && { body }),
    ...(tls && { tls: isSameOrigin ? tls : publicTls }),
  }
}
