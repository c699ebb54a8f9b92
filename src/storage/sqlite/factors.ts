/** Second factors in SQLite. Columns hold what one statement must compare and change: steps, counters, names. */
import type { FactorStore, Factors, PasskeyRecord, TotpRecord } from '../factors.ts'
import { decodeRecord } from '../records.ts'
import { changed, type Database } from './database.ts'
import { keptWay } from './kept-way.ts'

type Row = Record<string, unknown>
const PASSKEY = 'SELECT body, counter, backed_up, name, used_at FROM passkeys'

function toPasskey(row: Row): PasskeyRecord {
  return {
    ...decodeRecord<PasskeyRecord>(String(row.body)),
    counter: Number(row.counter),
    backedUp: row.backed_up === 1,
    name: String(row.name),
    ...(row.used_at !== null && { lastUsedAt: Number(row.used_at) }),
  }
}

const toTotp = (row: Row): NonNullable<Factors['totp']> => ({
  ...decodeRecord<TotpRecord>(String(row.body)),
  sealed: String(row.sealed),
  ...(row.used_at !== null && { lastUsedAt: Number(row.used_at) }),
})

export function sqliteFactors(db: Database): FactorStore {
  const person = db.prepare('SELECT 1 FROM users WHERE tenant = ? AND sub = ?')
  const isPerson = (tenant: string, sub: string): boolean => person.get(tenant, sub) !== undefined
  const selectTotp = db.prepare('SELECT body, sealed, used_at FROM totp WHERE tenant = ? AND sub = ?')
  const passkeysOf = db.prepare(`${PASSKEY} WHERE tenant = ? AND sub = ? ORDER BY rowid`)
  const codesLeft = db.prepare('SELECT count(*) AS left_over FROM recovery_codes WHERE tenant = ? AND sub = ?')
  return {
    of: (tenant, sub) =>
      db.read(() => {
        const totp = selectTotp.get(tenant, sub)
        return {
          ...(totp && { totp: toTotp(totp) }),
          passkeys: passkeysOf.all(tenant, sub).map(toPasskey),
          recoveryCodes: Number(codesLeft.get(tenant, sub)?.left_over),
        }
      }),
    totp: totpOf(db, isPerson),
    passkeys: passkeysIn(db, isPerson),
    recoveryCodes: recoveryCodesOf(db, isPerson),
  }
}

type IsPerson = (tenant: string, sub: string) => boolean

function totpOf(db: Database, isPerson: IsPerson): FactorStore['totp'] {
  const insert = db.prepare(
    'INSERT INTO totp (tenant, sub, sealed, last_step, body) VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING',
  )
  const remove = db.prepare('DELETE FROM totp WHERE tenant = ? AND sub = ?')
  const stored = db.prepare('SELECT last_step FROM totp WHERE tenant = ? AND sub = ? AND sealed = ?')
  const spend = db.prepare('UPDATE totp SET last_step = ?, used_at = ? WHERE tenant = ? AND sub = ?')
  const has = db.prepare('SELECT 1 FROM totp WHERE tenant = ? AND sub = ?')
  const reseal = db.prepare('UPDATE totp SET sealed = ? WHERE tenant = ? AND sub = ? AND sealed = ?')
  const list = db.prepare('SELECT sub, sealed FROM totp WHERE tenant = ? AND sub > ? ORDER BY sub LIMIT ?')
  return {
    // What is sealed lies in its column alone: it moves to another envelope key.
    add: (tenant, sub, { sealed, ...rest }) =>
      db.write(() => {
        if (!isPerson(tenant, sub)) return 'missing'
        return changed(insert, tenant, sub, sealed, JSON.stringify(rest)) === 1 ? 'written' : 'conflict'
      }, 'power'),
    remove: (tenant, sub) => db.write(() => (changed(remove, tenant, sub) === 1 ? 'written' : 'missing'), 'power'),
    useStep: (tenant, sub, { sealed, step, usedAt }) =>
      db.write(() => {
        const last = stored.get(tenant, sub, sealed)?.last_step
        if (last === undefined) return 'missing'
        if (Number(last) >= step) return 'replayed'
        spend.run(step, usedAt, tenant, sub)
        return 'used'
      }, 'power'),
    reseal: (tenant, sub, before, sealed) =>
      db.write(() => {
        if (changed(reseal, sealed, tenant, sub, before) === 1) return 'written'
        return has.get(tenant, sub) === undefined ? 'missing' : 'conflict'
      }, 'power'),
    list: (tenant, after, limit) =>
      db.read(() =>
        list.all(tenant, after, limit).map(({ sub, sealed }) => ({ sub: String(sub), sealed: String(sealed) })),
      ),
  }
}

function passkeysIn(db: Database, isPerson: IsPerson): FactorStore['passkeys'] {
  const insert = db.prepare(
    `INSERT INTO passkeys (tenant, credential_id, sub, counter, backed_up, name, used_at, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const select = db.prepare(`${PASSKEY} WHERE tenant = ? AND credential_id = ?`)
  const spend = db.prepare(
    'UPDATE passkeys SET counter = ?, backed_up = ?, used_at = ? WHERE tenant = ? AND credential_id = ?',
  )
  const rename = db.prepare('UPDATE passkeys SET name = ? WHERE tenant = ? AND sub = ? AND credential_id = ?')
  const remove = db.prepare('DELETE FROM passkeys WHERE tenant = ? AND sub = ? AND credential_id = ?')
  const isThere = keptWay(db)
  return {
    add: (tenant, passkey) =>
      db.write(() => {
        const { sub, credentialId, counter, backedUp, name, lastUsedAt = null } = passkey
        if (!isPerson(tenant, sub)) return 'missing'
        const values = [counter, Number(backedUp), name, lastUsedAt, JSON.stringify(passkey)]
        return changed(insert, tenant, credentialId, sub, ...values) === 1 ? 'written' : 'conflict'
      }, 'power'),
    find: (tenant, credentialId) =>
      db.read(() => {
        const row = select.get(tenant, credentialId)
        return row && toPasskey(row)
      }),
    use: (tenant, credentialId, { counter, backedUp, usedAt }) =>
      db.write(() => {
        const row = select.get(tenant, credentialId)
        if (row === undefined) return 'missing'
        const last = Number(row.counter)
        if ((counter > 0 || last > 0) && counter <= last) return 'regressed'
        spend.run(counter, Number(backedUp), usedAt, tenant, credentialId)
        return 'used'
      }, 'power'),
    rename: (tenant, sub, credentialId, name) =>
      db.write(() => (changed(rename, name, tenant, sub, credentialId) === 1 ? 'written' : 'missing')),
    remove: (tenant, sub, credentialId, kept) =>
      db.write(() => {
        if (!isThere(tenant, sub, kept)) return 'conflict'
        return changed(remove, tenant, sub, credentialId) === 1 ? 'written' : 'missing'
      }, 'power'),
  }
}

function recoveryCodesOf(db: Database, isPerson: IsPerson): FactorStore['recoveryCodes'] {
  const insert = db.prepare('INSERT INTO recovery_codes (tenant, sub, digest) VALUES (?, ?, ?)')
  const removeAll = db.prepare('DELETE FROM recovery_codes WHERE tenant = ? AND sub = ?')
  const spend = db.prepare('DELETE FROM recovery_codes WHERE tenant = ? AND sub = ? AND digest = ?')
  return {
    replace: (tenant, sub, digests) =>
      db.write(() => {
        if (!isPerson(tenant, sub)) return 'missing'
        removeAll.run(tenant, sub)
        for (const digest of digests) insert.run(tenant, sub, digest)
        return 'written'
      }, 'power'),
    use: (tenant, sub, digest) =>
      db.write(() => (changed(spend, tenant, sub, digest) === 1 ? 'used' : 'missing'), 'power'),
  }
}
