/**
 * An authorization request in a form of another site. Browsers keep our cookies (SameSite=Lax) from it, and send them with the
 * GET that a 303 makes of it; without them the session would go unseen. OIDC Core 3.1.2.1, RFC 6265bis 5.6.7, RFC 9110 15.4.4.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { seeOther } from '../session/answer-client.ts'

/** What an address may hold on any way to us; more is answered as it came. */
const MAX_QUERY = 6 * 1024

const cameWithoutCookies = ({ method, headers }: HttpRequest): boolean =>
  method === 'POST' && headers['sec-fetch-site'] === 'cross-site' && headers.cookie === undefined

/** The same request by GET; undefined where it can be answered as it came. What was sent twice stays as it is, to be refused. */
export function askByGet(request: HttpRequest): Reply | undefined {
  const { form } = request
  if (!cameWithoutCookies(request) || [...form.repeated].some((name) => name !== 'resource')) return undefined
  const query = new URLSearchParams()
  for (const name of form.names) for (const value of form.all(name)) query.append(name, value)
  const text = query.toString()
  return text.length > MAX_QUERY ? undefined : seeOther(`${request.path}?${text}`)
}
