/** Logout tokens: `typ` logout+jwt, short-lived, never with a nonce, so that none passes for an ID token. OIDC Back-Channel Logout 2.4. */
import { randomId } from '../../kernel/ids.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { MintDeps } from './access-token.ts'
import { signJwt } from './jws.ts'
import { sessionIdentifier } from './session-identifier.ts'
import type { SubjectOf } from './subject-identifier.ts'

const TTL_SECONDS = 2 * 60
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

export type LogoutTokenDeps = MintDeps & { readonly subjectOf: SubjectOf }

/** Signed as the client's ID tokens are. */
export function mintLogoutToken(
  deps: LogoutTokenDeps,
  client: ClientRecord,
  ended: { readonly sub: string; readonly sid: string },
  nowSeconds: number,
): string {
  const claims = {
    iss: deps.issuer,
    sub: deps.subjectOf(client, ended.sub),
    aud: client.clientId,
    iat: nowSeconds,
    exp: nowSeconds + TTL_SECONDS,
    jti: randomId(),
    events: { [EVENT]: {} },
    sid: sessionIdentifier(ended.sid, client.clientId),
  }
  return signJwt(deps.keys, 'logout+jwt', claims, { alg: client.metadata?.id_token_signed_response_alg })
}
