/** Grant type authorization_code: peek, check its binding; burn on a deny, redeem on an allow. RFC 6749 4.1.3, RFC 7636 4.6. */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { GrantedCode } from '../../../storage/port.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import { parseHandle } from '../../token/handle.ts'
import type { Sender } from '../../token/sender.ts'
import { checkCodeVerifier } from '../check-pkce.ts'
import { required } from '../parameters.ts'
import type { GrantDeps, Presented } from './grant.ts'
import { presentGranted } from './granted-code.ts'

const invalid = (cause: string) => new OAuthError('invalid_grant', { cause })

/**
 * RFC 6749 4.1.3: issued for this redirect URI; RFC 7636: to whoever knows the verifier; RFC 9449 10: and holds the key.
 * OAuth 2.1 sends no redirect URI: where there is a challenge, its verifier binds the code.
 */
function checkBinding(request: HttpRequest, found: GrantedCode, { proved }: Sender): void {
  const hasChallenge = found.code.codeChallenge !== ''
  const redirectUri = hasChallenge ? request.form.get('redirect_uri') : required(request.form, 'redirect_uri')
  if (redirectUri !== undefined && found.code.redirectUri !== redirectUri) throw invalid('another redirect_uri')
  checkCodeVerifier(found.code.codeChallenge, request.form.get('code_verifier'))
  const { dpopJkt } = found.code
  if (dpopJkt !== undefined && dpopJkt !== proved.jkt) throw invalid('another key')
}

export async function presentCode(
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  sender: Sender,
): Promise<Presented> {
  const handle = parseHandle(required(request.form, 'code'))
  const found = handle && (await deps.store.codes.peek(client.tenant, handle.grantId, handle.digest))
  if (handle === undefined || found === undefined) throw invalid('no such code')
  if (found.code.device === true) throw invalid('no such code')
  return presentGranted(deps, request, client, handle, found, () => checkBinding(request, found, sender))
}
