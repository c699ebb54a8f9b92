/** Whether the way in that a removal leaves is there still: asked in the transaction that removes. */
import type { Way } from '../records.ts'
import type { Database } from './database.ts'

/** `undefined` leaves nothing that must be there. */
export type IsThere = (tenant: string, sub: string, kept: Way | undefined) => boolean

export function keptWay(db: Database): IsThere {
  const identity = db.prepare('SELECT 1 FROM identities WHERE tenant = ? AND sub = ? AND key = ?')
  const passkey = db.prepare('SELECT 1 FROM passkeys WHERE tenant = ? AND sub = ? AND credential_id = ?')
  return (tenant, sub, kept) => {
    if (kept === undefined) return true
    const found = 'identity' in kept ? identity.get(tenant, sub, kept.identity) : passkey.get(tenant, sub, kept.passkey)
    return found !== undefined
  }
}
