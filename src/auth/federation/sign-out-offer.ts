/** Whether the page that follows a sign-out has a way to sign out at the provider as well; `sign-out.ts` does it. */
import type { HttpRequest } from '../../http/message.ts'
import { formToken } from '../session/csrf.ts'
import type { Providers } from './provider/open.ts'
import { upstreamSessionOf } from './upstream-session.ts'

/** For which its form token is good. */
export const SIGN_OUT_FORM = 'federation/sign-out'

/** What the page that follows a sign-out offers; undefined where this browser did not come in by a provider. */
export interface SignOutOffer {
  readonly name: string
  readonly formToken: string
  /** Where its form leads. */
  readonly origin: string
}

export const signOutOffers =
  (issuer: string, providers: Providers) =>
  (request: HttpRequest): SignOutOffer | undefined => {
    const session = upstreamSessionOf(issuer, request)
    const provider = session && providers.find(session.provider)
    if (session === undefined || provider === undefined) return undefined
    const { displayName: name } = provider.options
    return { name, formToken: formToken(session.secret, SIGN_OUT_FORM), origin: provider.origin }
  }
