/** Heads of the logs' hash chains in SQLite. A power loss may take the last second of them, as it may of the logs. */
import { CHAIN_HEAD_DAYS, type ChainStore } from '../port.ts'
import { type ChainHead, decodeRecord } from '../records.ts'
import type { Database } from './database.ts'

export function sqliteChains(db: Database): ChainStore {
  const upsert = db.prepare(`
    INSERT INTO chains (chain, seq, at, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, at = excluded.at, body = excluded.body
    WHERE excluded.seq >= seq`)
  const forget = db.prepare('DELETE FROM chains WHERE at < ?')
  const select = db.prepare('SELECT body FROM chains ORDER BY at, chain')
  return {
    register: (head) =>
      db.write(() => {
        upsert.run(head.chain, head.seq, head.at, JSON.stringify(head))
        forget.run(head.at - CHAIN_HEAD_DAYS * 24 * 60 * 60 * 1000)
      }),
    list: () => db.read(() => select.all().map(({ body }) => decodeRecord<ChainHead>(String(body)))),
  }
}
