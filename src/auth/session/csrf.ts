/**
 * Forms that only our own page, in the browser it was shown in, can send. Two independent tests: where the browser says
 * the form came from (Fetch Metadata, else Origin), and a token keyed by a cookie of this browser. Checklist 12.
 */
import { createHmac } from 'node:crypto'
import type { HttpRequest } from '../../http/message.ts'
import { equalSecrets } from '../../kernel/constant-time.ts'

/** The field that carries the token. */
export const FORM_TOKEN = 'form_token'

/** Bound to a secret of the browser and to what the form is about; JSON keeps parts apart. */
export const formToken = (browserSecret: string, ...about: readonly string[]): string =>
  createHmac('sha256', browserSecret).update(JSON.stringify(about)).digest('base64url')

/**
 * Our pages send no referrer, so browsers send `Origin: null` with their forms; Sec-Fetch-Site then tells. A client that
 * sends neither is no browser that could be led astray; the token still binds it.
 */
function fromOurPage(request: HttpRequest, issuer: string): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const origin = request.headers.origin
  return origin === undefined || origin === 'null' || origin === new URL(issuer).origin
}

export function isOwnForm(
  request: HttpRequest,
  issuer: string,
  browserSecret: string,
  ...about: readonly string[]
): boolean {
  if (browserSecret === '') return false
  const given = request.form.get(FORM_TOKEN) ?? ''
  return fromOurPage(request, issuer) && equalSecrets(given, formToken(browserSecret, ...about))
}
