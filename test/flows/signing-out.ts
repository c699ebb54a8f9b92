/** For tests: a person signed in at one client in one browser, who signs out. */
import { expect } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import type { TestClient } from '../servers/population.ts'
import type { Answer } from './requests.ts'
import { BYE, signIn, silently } from './signed-in.ts'

export type Query = Readonly<Record<string, string>>

export interface SignedIn {
  readonly browser: Browser
  /** Of the last sign-in at the client. */
  readonly tokens: Answer['body']
  signInAgain(): Promise<void>
  /** What the client asks for with the token for a hint; a change takes a parameter's place. */
  asked(query?: Query): Query
  endSession(query: Query, init?: RequestInit): Promise<Visited>
  isSignedOut(): Promise<void>
  /** A page that asks; the person is still signed in. */
  isAsked(page: Visited): Promise<void>
  /** A page, no redirect, and the person is as signed in as before. */
  isRefused(page: Visited): Promise<void>
}

/** `headers`: what the browser calls itself, and where it is. */
export async function signedInAt(
  service: TestService,
  client: TestClient,
  headers: Readonly<Record<string, string>> = {},
): Promise<SignedIn> {
  const browser = new Browser(service.issuer)
  Object.assign(browser.headers, headers)
  let tokens = await signIn(service, browser, client)
  return {
    browser,
    get tokens() {
      return tokens
    },
    signInAgain: async () => {
      tokens = await signIn(service, browser, client)
    },
    asked: (query = {}) => ({
      id_token_hint: String(tokens.id_token),
      post_logout_redirect_uri: BYE,
      state: 'a b&c',
      ...query,
    }),
    endSession: (query, init = {}) =>
      browser.visit(`${service.issuer}/oauth/logout?${new URLSearchParams(query)}`, init),
    isSignedOut: async () => {
      expect(await silently(service, browser, client)).toBe('login_required')
      expect(browser.cookies.has('sallyport_session')).toBe(false)
    },
    isAsked: async (page) => {
      expect([page.status, page.left]).toEqual([200, undefined])
      expect(page.text).toContain('Sign out?')
      expect(await silently(service, browser, client)).toBe('code')
    },
    isRefused: async (page) => {
      expect([page.status, page.left]).toEqual([400, undefined])
      expect(page.headers.get('content-type')).toMatch(/^text\/html/)
      expect(page.text).not.toContain('shop.example')
      expect(await silently(service, browser, client)).toBe('code')
    },
  }
}
