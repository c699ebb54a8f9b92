/** Who a request says it is from is said once: of two Authorization headers Node keeps the first, another server the last. RFC 9110 5.3. */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '../kernel/errors.ts'

const NAME = 'authorization'

/** Throws invalid_request. */
export function refuseRepeatedCredentials({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void {
  if (headers.authorization === undefined) return
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === NAME.length && rawHeaders[at]?.toLowerCase() === NAME) seen++
  if (seen > 1) throw new OAuthError('invalid_request', { detail: 'The Authorization header was sent more than once.' })
}
