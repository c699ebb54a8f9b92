/** Signing keys in SQLite: rows, and beside them the tag that changes with each replacement of the whole. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'
import { KEY_SET_SECONDS } from '../../kernel/key-times.ts'
import type { SigningKeyStore } from '../port.ts'
import { decodeSigningKeys } from '../signing-keys.ts'
import { bodyOf, type Database } from './database.ts'

export function sqliteSigningKeys(db: Database, clock: Clock): SigningKeyStore {
  const select = db.prepare('SELECT body FROM signing_keys ORDER BY seq')
  const empty = db.prepare('DELETE FROM signing_keys')
  const insert = db.prepare('INSERT INTO signing_keys (kid, body) VALUES (?, ?)')
  const selectTag = db.prepare(`SELECT body FROM platform WHERE name = 'signing-keys'`)
  const writeTag = db.prepare(`INSERT OR REPLACE INTO platform (name, body) VALUES ('signing-keys', ?)`)
  const tag = (): string => bodyOf(selectTag) ?? ''
  return {
    read: () =>
      db.read(() => ({
        tag: tag(),
        nowSeconds: epochSeconds(clock),
        keys: decodeSigningKeys(select.all().map(({ body }) => String(body))),
      })),
    tag: () => db.read(tag),
    replace: (from, keys) =>
      db.write(() => {
        if (tag() !== from.tag || epochSeconds(clock) - from.nowSeconds > KEY_SET_SECONDS) return 'conflict'
        empty.run()
        for (const key of keys) insert.run(key.kid, JSON.stringify(key))
        writeTag.run(randomId())
        return 'written'
      }, 'power'),
  }
}
