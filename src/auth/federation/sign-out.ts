/**
 * Signed out here, the person signs out at the provider as well: offered on the page that follows a sign-out, never done
 * unasked. RP-Initiated Logout 2, RFC 7009 2. Asks `federation`, stage `sign_out`.
 */
import { signedOutPage } from '../../../web/sign-out.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import { seeOther } from '../session/answer-client.ts'
import { requireOwnForm } from '../sign-in/waiting.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { failed } from './failed.ts'
import { FederationError } from './provider/failure.ts'
import type { KeptTokens, Provider } from './provider/provider.ts'
import { SIGN_OUT_FORM } from './sign-out-offer.ts'
import { requireProvider } from './start.ts'
import { forgetUpstreamSession, takeUpstreamSession, upstreamSessionOf } from './upstream-session.ts'

/** Told the provider as far as it listens: that it does not holds nobody up. */
async function revokeThere(deps: FederationDeps, provider: Provider, kept: KeptTokens): Promise<void> {
  try {
    await provider.revoke(kept)
  } catch (error) {
    if (!(error instanceof FederationError)) throw error
    deps.logger.warn({ provider: provider.options.id, failure: error.code }, 'tokens could not be revoked there')
  }
}

/** POST /federation/sign-out. */
export async function signOutThere(deps: FederationDeps, request: HttpRequest): Promise<Reply> {
  const session = upstreamSessionOf(deps.issuer, request)
  if (session === undefined) return { status: 200, ...signedOutPage() }
  requireOwnForm(deps, request, session.secret, SIGN_OUT_FORM)
  const provider = requireProvider(deps, session.provider)

  const verdict = await askFederation(deps, request, {
    stage: 'sign_out',
    purpose: 'link',
    provider: provider.options,
  })
  if (!verdict.allow) throw new OAuthError(publicCode('federation', verdict, 'access_denied'))

  const kept = await takeUpstreamSession(deps, request, session)
  const nothing: Reply = { status: 200, ...signedOutPage() }
  if (kept === undefined) return forgetUpstreamSession(deps.issuer, nothing)
  await revokeThere(deps, provider, kept)
  try {
    const url = await provider.signOutUrl(kept, `${deps.issuer}/logout`)
    return forgetUpstreamSession(deps.issuer, url === undefined ? nothing : seeOther(url.href))
  } catch (error) {
    if (!(error instanceof FederationError)) throw error
    return forgetUpstreamSession(deps.issuer, await failed(deps, request, provider.options, error))
  }
}
