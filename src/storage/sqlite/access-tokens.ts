/** Access tokens in SQLite, by jti, and everything that their liveness hangs on. */
import type { AccessTokenState, AccessTokenStore } from '../port.ts'
import { type ClientRecord, decodeRecord, type UserRecord } from '../records.ts'
import { bodyOf, type Database } from './database.ts'
import type { GrantTables } from './grant-tables.ts'
import type { TokenTable } from './token-table.ts'

export function sqliteAccessTokens(db: Database, tokens: TokenTable, grants: GrantTables): AccessTokenStore {
  const selectClient = db.prepare('SELECT body FROM clients WHERE tenant = ? AND client_id = ?')
  const selectUser = db.prepare('SELECT body FROM users WHERE tenant = ? AND sub = ?')

  return {
    put: (tenant, token) => db.write(() => tokens.insert(tenant, token)),
    state: (tenant, { jti, grantId, clientId, sub }) =>
      db.read((): AccessTokenState => {
        const token = tokens.find(tenant, jti, grantId)
        const grant = grantId === undefined ? undefined : grants.grant(tenant, grantId)
        const client = bodyOf(selectClient, tenant, clientId)
        const user = sub === undefined ? undefined : bodyOf(selectUser, tenant, sub)
        return {
          ...(token && { token }),
          ...(grant && { grant }),
          ...(client !== undefined && { client: decodeRecord<ClientRecord>(client) }),
          ...(user !== undefined && { user: decodeRecord<UserRecord>(user) }),
        }
      }),
    revoke: (tenant, jti, grantId) => db.write(() => tokens.revoke(tenant, jti, grantId), 'power'),
  }
}
