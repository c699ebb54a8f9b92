/** For tests: the private halves of a deployment's signing keys, as a leak would show them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSigningKey } from '../../src/auth/token/signing-key.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openEnvelope } from '../../src/kernel/envelope.ts'
import { openRedisStore } from '../../src/storage/redis/open.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import type { Deployment } from './deployment.ts'

const openStore = ({ redis, folder }: Deployment) =>
  redis
    ? openRedisStore({
        nodes: [redis.node],
        ...redis.credentials,
        ...(redis.tls && { tls: { ca: readFileSync(redis.tls.caFile, 'utf8') } }),
        clock: systemClock,
      })
    : openSqliteStore({ path: join(folder, 'store.sqlite'), clock: systemClock })

/** Of each key the private number, as a JWK has it and in hex, and the middle of its PKCS#8 in base64. */
export async function privateHalves(deployment: Deployment): Promise<ReadonlyMap<string, string>> {
  const envelope = openEnvelope(Buffer.from(readFileSync(join(deployment.folder, 'kek'), 'utf8'), 'base64'))
  const store = await openStore(deployment)
  try {
    const { keys } = await store.signingKeys.read()
    return new Map(
      keys.flatMap((record) => {
        const { privateKey } = openSigningKey(envelope, record)
        const { d = '' } = privateKey.export({ format: 'jwk' })
        const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
        const name = `${record.alg} key ${record.kid}`
        return [
          [`${name} as JWK`, d],
          [`${name} in hex`, Buffer.from(d, 'base64url').toString('hex')],
          [`${name} as PKCS#8`, pkcs8.slice(-44, -4)],
        ] as const
      }),
    )
  } finally {
    await store.close()
  }
}
