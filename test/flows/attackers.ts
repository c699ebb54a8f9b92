/** For tests: people and attackers who sign in to a service from addresses of their own, as a trusted proxy tells them. */

import type { TestService } from '../servers/auth-service.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { begin, discover } from './relying-party.ts'

/** What the service is told of who its proxies are. */
export const BEHIND_PROXY = { trustedProxies: ['127.0.0.1/32', '::1/128'] }

export type SignInPage = Visited

export interface Visitor {
  readonly browser: Browser
  /** Opens a sign-in, and answers its first page. */
  open(): Promise<SignInPage>
  /** With name and password on the first page. */
  signIn(userName: string, password: string, page?: SignInPage): Promise<SignInPage>
}

export async function visitor(
  service: Pick<TestService, 'issuer'> & { readonly population: Pick<TestService['population'], 'own'> },
  address: string,
): Promise<Visitor> {
  const rp = await discover(service.issuer, service.population.own)
  const browser = new Browser(service.issuer)
  browser.headers['x-forwarded-for'] = address
  const open = async () => browser.visit((await begin(rp, 'openid')).url)
  return {
    browser,
    open,
    signIn: async (username, password, page) => browser.submit(page ?? (await open()), { username, password }),
  }
}

/** The same person on another network. */
export const moveTo = ({ browser }: Visitor, address: string): void => {
  browser.headers['x-forwarded-for'] = address
}

export const isSignedIn = ({ browser }: Visitor): boolean => browser.cookies.has('sallyport_session')

/** The device stays, the session goes: what a person has who comes back another day. */
export const endVisit = ({ browser }: Visitor): void => void browser.cookies.delete('sallyport_session')
