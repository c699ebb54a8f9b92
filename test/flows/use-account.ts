/** For tests: what a person sees of their account, changes and takes back, each done once, rightly. */
import { formToken } from '../../src/auth/session/csrf.ts'
import type { TestService } from '../servers/auth-service.ts'
import { type Browser, formAt } from '../servers/browser.ts'
import { begin, discover } from './relying-party.ts'

/** The browser is signed in afterwards, as before. */
export async function useAccount({ issuer, population }: TestService, browser: Browser): Promise<void> {
  const rp = await discover(issuer, population.web)
  const send = async (page: string, to: RegExp) => {
    await browser.authorize((await begin(rp, 'openid offline_access')).url, population.user)
    const { action, fields } = formAt(await browser.visit(`${issuer}${page}`), to)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  }
  for (const path of ['/account', '/account/profile', '/account/email', '/account/consents', '/account/activity'])
    for (const method of ['GET', 'HEAD']) await browser.visit(`${issuer}${path}`, { method })
  await send('/account/profile', /profile$/)
  // Where no letters are sent the page has no form.
  const form_token = formToken(browser.cookies.get('sallyport_session') ?? '', 'account', 'change_email', 'profile', '')
  const body = new URLSearchParams({ form_token, purpose: 'change', email: 'other@example.com' })
  const answer = await browser.visit(`${issuer}/account/email`, { method: 'POST', body })
  if (answer.status !== 200) throw new Error(`/account/email: ${answer.status} ${answer.text}`)
  await send('/account/activity', /report$/)
}

/** What an application has: after its code was redeemed. */
export async function useConsents(
  { issuer }: TestService,
  browser: Browser,
  redeem: (browser: Browser) => Promise<unknown>,
): Promise<void> {
  for (const to of [/revoke$/, /withdraw$/]) {
    await redeem(browser)
    const { action, fields } = formAt(await browser.visit(`${issuer}/account/consents`), to)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  }
}
