/** Access tokens in SQLite, by jti, and everything that their liveness hangs on. */
import type { AccessTokenState, AccessTokenStore } from '../port.ts'
import { decodeRecord, type UserRecord } from '../records.ts'
import type { ClientTable } from './client-table.ts'
import { bodyOf, type Database } from './database.ts'
import type { GrantTables } from './grant-tables.ts'
import type { TokenTable } from './token-table.ts'

interface Tables {
  readonly tokens: TokenTable
  readonly grants: GrantTables
  readonly clients: ClientTable
}

export function sqliteAccessTokens(db: Database, { tokens, grants, clients }: Tables): AccessTokenStore {
  const selectUser = db.prepare('SELECT body FROM users WHERE tenant = ? AND sub = ?')

  return {
    put: (tenant, token) => db.write(() => tokens.insert(tenant, token)),
    state: (tenant, { jti, grantId, clientId, sub }) =>
      db.read((): AccessTokenState => {
        const token = tokens.find(tenant, jti, grantId)
        const grant = grantId === undefined ? undefined : grants.grant(tenant, grantId)
        const holder = clientId ?? token?.clientId
        const client = holder === undefined ? undefined : clients.find(tenant, holder)
        const person = grant?.sub ?? sub
        const user = person === undefined ? undefined : bodyOf(selectUser, tenant, person)
        return {
          ...(token && { token }),
          ...(grant && { grant }),
          ...(client && { client }),
          ...(user !== undefined && { user: decodeRecord<UserRecord>(user) }),
        }
      }),
    revoke: (tenant, jti, grantId) => db.write(() => tokens.revoke(tenant, jti, grantId), 'power'),
  }
}
