/** Whom an `id_token_hint` names. OIDC Core 3.1.2.1: an ID token of ours for this client, which may have expired. */
import { OAuthError } from '../../kernel/errors.ts'
import { verifyJwt } from '../token/jws.ts'
import type { KeyRing } from '../token/key-ring.ts'

export interface IdTokenHintDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'find'>
}

/** Longer than any that we make with claims in reason. */
const MAX_LENGTH = 16 * 1024

/** The `sub` in it. Throws invalid_request for whatever is no ID token of ours for this client. */
export async function subjectOfHint(
  deps: IdTokenHintDeps,
  clientId: string,
  hint: string | undefined,
): Promise<string | undefined> {
  if (hint === undefined) return undefined
  const claims = hint.length > MAX_LENGTH ? undefined : await verifyJwt(deps.keys, 'JWT', hint)
  const audience = Array.isArray(claims?.aud) ? claims.aud : [claims?.aud]
  if (
    claims === undefined ||
    // Signed userinfo has no end: only an ID token tells of a sign-in.
    typeof claims.exp !== 'number' ||
    claims.iss !== deps.issuer ||
    !audience.includes(clientId) ||
    typeof claims.sub !== 'string'
  )
    throw new OAuthError('invalid_request', {
      detail: 'The id_token_hint is no ID token of this provider for this client.',
    })
  return claims.sub
}
