/**
 * What live means. A token hangs on its grant, the grant on a user and a client; each must be there, unrevoked and of the
 * revocation epoch that the grant was given in. A record that is missing is not live. A grant that outlives its session
 * ends the access tokens of before, by an epoch of their own.
 */
import type { AccessTokenState } from '../../storage/port.ts'
import type { AccessTokenRecord, ClientRecord, GrantRecord, UserRecord } from '../../storage/records.ts'

export function grantIsLive(
  grant: GrantRecord | undefined,
  client: ClientRecord | undefined,
  user: UserRecord | undefined,
  nowSeconds: number,
): boolean {
  return (
    grant !== undefined &&
    client !== undefined &&
    user !== undefined &&
    !grant.revoked &&
    grant.expiresAt > nowSeconds &&
    client.active &&
    user.active &&
    grant.clientId === client.clientId &&
    grant.sub === user.sub &&
    grant.clientEpoch === client.revocationEpoch &&
    grant.userEpoch === user.revocationEpoch
  )
}

export type LiveState = AccessTokenState & { readonly token: AccessTokenRecord; readonly client: ClientRecord }

export function accessTokenIsLive(state: AccessTokenState, nowSeconds: number): state is LiveState {
  const { token, grant, client, user } = state
  if (token === undefined || client === undefined) return false
  if (token.revoked || token.expiresAt <= nowSeconds || token.clientId !== client.clientId || !client.active)
    return false
  // client_credentials has no grant and speaks for nobody but the client.
  if (token.grantId === undefined) return token.sub === undefined && token.clientEpoch === client.revocationEpoch
  if (token.grantId !== grant?.grantId || (token.tokensEpoch ?? 0) !== (grant.tokensEpoch ?? 0)) return false
  return grantIsLive(grant, client, user, nowSeconds)
}
