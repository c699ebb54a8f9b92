/**
 * A process that writes to a SQLite store until it is killed. Prints a line for each write that was acknowledged, never
 * before: `token <jti>`, `spent <grant id>`, `revoked <grant id>`.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/kernel/clock.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { aCode, aGrant, anAccessToken, aPair } from '../../src/storage/conformance/subject.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'

const [path = ''] = process.argv.slice(2)
const store = await openSqliteStore({ path, clock: systemClock })
const now = Math.floor(systemClock.nowMs() / 1000)
const tell = (line: string) => writeSync(1, `${line}\n`)

async function write(): Promise<void> {
  const token = anAccessToken(now)
  await store.accessTokens.put('t', token)
  tell(`token ${token.jti}`)
  const grant = aGrant(now)
  await store.codes.issue('t', grant, 'code', aCode(now))
  const { successors } = aPair(now, grant)
  await store.codes.redeem('t', grant.grantId, 'code', successors)
  tell(`token ${successors.accessToken.jti} ${grant.grantId}`)
  tell(`spent ${grant.grantId}`)
  if (randomId(1) < 'V') {
    await store.grants.revoke('t', grant.grantId)
    tell(`revoked ${grant.grantId}`)
  }
}

async function writeForever(): Promise<never> {
  for (;;) await write()
}

await Promise.all(Array.from({ length: 20 }, writeForever))
