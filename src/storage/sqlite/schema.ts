/** The schema of the embedded store, as migrations: entry n brings `user_version` from n to n + 1. Never edit one that shipped. */
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../kernel/errors.ts'
import { decodeRecord, type UserRecord } from '../records.ts'
import { verifiedEmailKey } from '../verified-email.ts'

/*
 * Records are JSON in `body`. A column stands beside it only where SQL must compare it or change it alone; where both hold
 * a value, the column is right. Where keys are random and records come fast, rows are in order of writing (rowid) beside an
 * index of keys: clustered by key, each write would dirty a page of its own.
 */
const MIGRATIONS: readonly (string | ((db: DatabaseSync) => void))[] = [
  `
  CREATE TABLE clients (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, client_id TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (tenant, client_id)) STRICT;
  CREATE TABLE users (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, sub TEXT NOT NULL, name_key TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (tenant, sub), UNIQUE (tenant, name_key)) STRICT;
  CREATE TABLE sessions (
    tenant TEXT NOT NULL, digest TEXT NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, digest)) STRICT;
  CREATE INDEX sessions_end ON sessions (expires_at);
  CREATE TABLE interactions (
    tenant TEXT NOT NULL, digest TEXT NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, digest)) STRICT;
  CREATE INDEX interactions_end ON interactions (expires_at);
  CREATE TABLE consents (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, client_id TEXT NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, sub, client_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX consents_client ON consents (tenant, client_id);
  CREATE INDEX consents_end ON consents (expires_at);
  CREATE TABLE grants (
    tenant TEXT NOT NULL, grant_id TEXT NOT NULL, expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (tenant, grant_id)) STRICT;
  CREATE INDEX grants_end ON grants (expires_at);
  CREATE TABLE handles (
    tenant TEXT NOT NULL, grant_id TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL,
    expires_at INTEGER NOT NULL, used INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, grant_id, kind, digest)) STRICT;
  CREATE TABLE access_tokens (
    tenant TEXT NOT NULL, jti TEXT NOT NULL, expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (tenant, jti)) STRICT;
  CREATE INDEX access_tokens_end ON access_tokens (expires_at);
  CREATE TABLE limits (
    tenant TEXT NOT NULL, key TEXT NOT NULL, hits INTEGER NOT NULL, resets_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX limits_end ON limits (resets_at_ms);
  CREATE TABLE platform (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE setup (digest TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE signing_keys (seq INTEGER PRIMARY KEY AUTOINCREMENT, kid TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  CREATE TABLE marks (bundle TEXT PRIMARY KEY, version INTEGER NOT NULL, revision TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE chains (chain TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX chains_at ON chains (at);
  `,
  `
  CREATE TABLE replay (
    tenant TEXT NOT NULL, key TEXT NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT;
  CREATE INDEX replay_end ON replay (expires_at);
  `,
  `
  ALTER TABLE handles ADD COLUMN grace TEXT;
  `,
  `
  ALTER TABLE sessions ADD COLUMN sid TEXT;
  ALTER TABLE sessions ADD COLUMN sub TEXT;
  CREATE INDEX sessions_sid ON sessions (tenant, sid);
  CREATE INDEX sessions_sub ON sessions (tenant, sub);
  ALTER TABLE grants ADD COLUMN sid TEXT;
  ALTER TABLE grants ADD COLUMN sub TEXT;
  ALTER TABLE grants ADD COLUMN client_id TEXT;
  ALTER TABLE grants ADD COLUMN tokens_epoch INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX grants_sid ON grants (tenant, sid) WHERE sid IS NOT NULL;
  CREATE INDEX grants_sub ON grants (tenant, sub);
  CREATE INDEX grants_client ON grants (tenant, client_id);
  UPDATE grants SET sub = body ->> '$.sub', client_id = body ->> '$.clientId';
  CREATE TABLE logouts (
    tenant TEXT NOT NULL, id TEXT NOT NULL, due_at_ms INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX logouts_due ON logouts (tenant, due_at_ms);
  `,
  `
  CREATE TABLE pushed_requests (
    tenant TEXT NOT NULL, digest TEXT NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, digest)) STRICT;
  CREATE INDEX pushed_requests_end ON pushed_requests (expires_at);
  `,
  `
  ALTER TABLE clients ADD COLUMN expires_at INTEGER;
  CREATE INDEX clients_end ON clients (expires_at) WHERE expires_at IS NOT NULL;
  `,
  `
  DROP INDEX grants_sid;
  DROP INDEX grants_sub;
  DROP INDEX grants_client;
  CREATE INDEX grants_sid ON grants (sid) WHERE sid IS NOT NULL;
  CREATE INDEX grants_sub ON grants (sub) WHERE sub IS NOT NULL;
  CREATE INDEX grants_client ON grants (client_id) WHERE client_id IS NOT NULL;
  `,
  `
  CREATE TABLE session_clients (
    tenant TEXT NOT NULL, sid TEXT NOT NULL, client_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, sid, client_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX session_clients_end ON session_clients (expires_at);
  INSERT INTO session_clients
    SELECT g.tenant, g.sid, g.body ->> '$.clientId', max(s.expires_at)
    FROM grants g JOIN sessions s ON s.tenant = g.tenant AND s.sid = g.sid GROUP BY 1, 2, 3;
  `,
  `
  CREATE TABLE one_use (
    tenant TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL, sub TEXT, expires_at INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (tenant, kind, digest)) STRICT;
  CREATE INDEX one_use_sub ON one_use (tenant, sub, kind) WHERE sub IS NOT NULL;
  CREATE INDEX one_use_end ON one_use (expires_at);
  `,
  `
  CREATE TABLE devices (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, digest TEXT NOT NULL, device_id TEXT NOT NULL, last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant, sub, digest)) STRICT, WITHOUT ROWID;
  CREATE INDEX devices_end ON devices (expires_at);
  `,
  `
  CREATE TABLE identities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, key TEXT NOT NULL, sub TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (tenant, key)) STRICT;
  CREATE INDEX identities_sub ON identities (tenant, sub);
  `,
  `
  CREATE TABLE attempts (
    tenant TEXT NOT NULL, key TEXT NOT NULL, failures INTEGER NOT NULL, last_at_ms INTEGER, ends_at_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_end ON attempts (expires_at);
  CREATE TABLE sketches (
    tenant TEXT NOT NULL, key TEXT NOT NULL, bits BLOB NOT NULL, ends_at_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX sketches_end ON sketches (expires_at);
  CREATE TABLE series (
    tenant TEXT NOT NULL, key TEXT NOT NULL, bucket INTEGER NOT NULL, hits INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key, bucket)) STRICT, WITHOUT ROWID;
  CREATE INDEX series_end ON series (expires_at);
  CREATE TABLE presence (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, body TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, sub)) STRICT, WITHOUT ROWID;
  CREATE INDEX presence_end ON presence (expires_at);
  CREATE TABLE throttles (
    tenant TEXT NOT NULL, key TEXT NOT NULL, per_minute INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX throttles_end ON throttles (expires_at);
  `,
  `
  CREATE TABLE tasks (
    tenant TEXT NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, due_at_ms INTEGER NOT NULL, expires_at INTEGER,
    body TEXT NOT NULL, PRIMARY KEY (tenant, queue, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX tasks_due ON tasks (tenant, queue, due_at_ms, id);
  CREATE INDEX tasks_end ON tasks (expires_at) WHERE expires_at IS NOT NULL;
  INSERT INTO tasks (tenant, queue, id, due_at_ms, body) SELECT tenant, 'logouts', id, due_at_ms, body FROM logouts;
  DROP TABLE logouts;
  CREATE TABLE stream_status (
    tenant TEXT NOT NULL, queue TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant, queue)) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE totp (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, sealed TEXT NOT NULL, last_step INTEGER NOT NULL, used_at INTEGER,
    body TEXT NOT NULL, PRIMARY KEY (tenant, sub)) STRICT;
  CREATE TABLE passkeys (
    tenant TEXT NOT NULL, credential_id TEXT NOT NULL, sub TEXT NOT NULL, counter INTEGER NOT NULL,
    backed_up INTEGER NOT NULL, name TEXT NOT NULL, used_at INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (tenant, credential_id)) STRICT;
  CREATE INDEX passkeys_sub ON passkeys (tenant, sub);
  CREATE TABLE recovery_codes (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (tenant, sub, digest)) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE activity (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, sub TEXT NOT NULL, shelf TEXT NOT NULL,
    fold TEXT NOT NULL, times INTEGER NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX activity_sub ON activity (tenant, sub, shelf);
  CREATE INDEX activity_end ON activity (expires_at);
  `,
  `
  CREATE TABLE device_grants (
    tenant TEXT NOT NULL, digest TEXT NOT NULL, user_code TEXT NOT NULL, expires_at INTEGER NOT NULL,
    polled_at INTEGER NOT NULL, interval_seconds INTEGER NOT NULL, answer TEXT, body TEXT NOT NULL,
    PRIMARY KEY (tenant, digest), UNIQUE (tenant, user_code)) STRICT;
  CREATE INDEX device_grants_end ON device_grants (expires_at);
  `,
  `
  CREATE TABLE streams (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, stream_id TEXT NOT NULL, client_id TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (tenant, stream_id)) STRICT;
  CREATE INDEX streams_client ON streams (tenant, client_id);
  `,
  indexEmails,
  `
  CREATE TABLE rises (
    tenant TEXT NOT NULL, about TEXT NOT NULL, key TEXT NOT NULL, signal TEXT NOT NULL, count INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, about, key, signal)) STRICT, WITHOUT ROWID;
  CREATE INDEX rises_end ON rises (expires_at);
  `,
  `
  CREATE TABLE interaction_people (
    tenant TEXT NOT NULL, sub TEXT NOT NULL, digest TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, sub, digest)) STRICT, WITHOUT ROWID;
  CREATE INDEX interaction_people_end ON interaction_people (expires_at);
  DELETE FROM interactions;
  DELETE FROM pushed_requests;
  ALTER TABLE device_grants ADD COLUMN sub TEXT;
  CREATE INDEX device_grants_sub ON device_grants (tenant, sub) WHERE sub IS NOT NULL;
  `,
]

/** Of several people with one verified address the first keeps it: the others prove theirs anew. */
function indexEmails(db: DatabaseSync): void {
  db.exec(`
    ALTER TABLE users ADD COLUMN email_key TEXT;
    CREATE UNIQUE INDEX users_email ON users (tenant, email_key) WHERE email_key IS NOT NULL;
  `)
  const next = db.prepare('SELECT seq, body FROM users WHERE seq > ? ORDER BY seq LIMIT 1')
  const index = db.prepare('UPDATE OR IGNORE users SET email_key = ? WHERE seq = ?')
  const unverify = db.prepare(`UPDATE users SET body = json_remove(body, '$.profile.emailVerified') WHERE seq = ?`)
  for (let row = next.get(0); row !== undefined; row = next.get(Number(row.seq))) {
    const key = verifiedEmailKey(decodeRecord<UserRecord>(String(row.body)))
    if (key !== undefined && index.run(key, Number(row.seq)).changes === 0) unverify.run(Number(row.seq))
  }
}

/**
 * Brings the file up to this program's schema, or to an earlier one (`to`) as an earlier program left it; two programs that open a new
 * file at once do it one after the other.
 */
export function migrateSchema(db: DatabaseSync, path: string, to = MIGRATIONS.length): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
    if (version > to) {
      throw new ConfigError(`${path}: the store was written by a newer version (schema ${version}); run that version`)
    }
    for (const migration of MIGRATIONS.slice(version, to)) {
      if (typeof migration === 'string') db.exec(migration)
      else migration(db)
    }
    db.exec(`PRAGMA user_version = ${to}`)
    db.exec('COMMIT')
  } catch (cause) {
    db.exec('ROLLBACK')
    throw cause
  }
}
