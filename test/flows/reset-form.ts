/** For tests: a new password by a link, as from a page that was open before, whatever has become of the link since. */
import { formToken } from '../../src/auth/session/csrf.ts'
import { randomSecret } from '../../src/kernel/ids.ts'
import type { Browser, Visited } from '../servers/browser.ts'

const COOKIE = 'sallyport_browser'

/** `link`: the address of the letter, over http. */
export function sendNewPassword(browser: Browser, link: string, newPassword: string): Promise<Visited> {
  const { origin, searchParams } = new URL(link)
  const secret = searchParams.get('link') ?? ''
  const known = browser.cookies.get(COOKIE) ?? randomSecret()
  browser.cookies.set(COOKIE, known)
  const body = new URLSearchParams({
    form_token: formToken(known, 'reset_password', secret),
    link: secret,
    new_password: newPassword,
  })
  return browser.visit(`${origin}/password/reset`, {
    method: 'POST',
    body,
    headers: { 'sec-fetch-site': 'same-origin' },
  })
}
