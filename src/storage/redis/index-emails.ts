/**
 * Brings into the index of verified addresses the people whom a program wrote that kept none: in the order in which they were made, a
 * batch at a time, each in one script that changes nothing of what was written meanwhile. May be cut short and begun again, and
 * done by several nodes at once; a mark beside the index says that it is done. Of several with one address the first keeps it: the
 * others prove theirs anew.
 */
import { decodeRecord, type UserRecord } from '../records.ts'
import { verifiedEmailKey } from '../verified-email.ts'
import { type RedisClient, script } from './client.ts'
import { number, oneOf, texts } from './replies.ts'

/** People read, and then written, in one round. */
const BATCH = 250

/** KEYS: the person, e-mail addresses. ARGV: sub, version that was read, e-mail address or '', body without a verified address. */
const INDEX = script(`
  local version, email = unpack(redis.call('HMGET', KEYS[1], 'version', 'email'))
  if not version or email then return 'done' end
  if version ~= ARGV[2] then return 'conflict' end
  local key = ARGV[3]
  if key ~= '' and redis.call('HSETNX', KEYS[2], key, ARGV[1]) == 0 and redis.call('HGET', KEYS[2], key) ~= ARGV[1] then
    key = ''
    redis.call('HSET', KEYS[1], 'body', ARGV[4])
    redis.call('HINCRBY', KEYS[1], 'version', 1)
  end
  redis.call('HSET', KEYS[1], 'email', key)
  return 'done'`)

const MARK = script(`redis.call('SET', KEYS[1], '1')`)

const withoutProof = (user: UserRecord): UserRecord => ({
  ...user,
  profile: { ...user.profile, emailVerified: false },
})

export async function indexEmails(redis: RedisClient, tenant: string): Promise<void> {
  const { keys } = redis
  const mark = keys.userEmailsDone(tenant)
  if ((await redis.read('get', mark)) !== null) return
  let last = 0
  for (;;) {
    const range = [
      'zrange',
      keys.userIndex(tenant),
      `(${last}`,
      '+inf',
      'BYSCORE',
      'LIMIT',
      0,
      BATCH,
      'WITHSCORES',
    ] as const
    const found = texts(await redis.read(...range))
    const subs = found.filter((sub, index): sub is string => index % 2 === 0 && sub !== undefined)
    if (subs.length === 0) break
    await indexAll(redis, tenant, subs)
    last = number(found.at(-1))
  }
  await redis.runDurably(MARK, [mark])
}

async function indexAll(redis: RedisClient, tenant: string, subs: readonly string[]): Promise<void> {
  const { keys } = redis
  let left = subs
  // Who was changed between the two rounds is read again: the program that changed them may know no index either.
  while (left.length > 0) {
    const read = await redis.readTogether(
      left.map((sub) => ['hmget', keys.user(tenant, sub), 'body', 'version', 'email'] as const),
    )
    const outcomes = await Promise.all(
      left.map(async (sub, index) => {
        const [body, version, email] = texts(read[index])
        if (body === undefined || version === undefined || email !== undefined) return 'done'
        const user = decodeRecord<UserRecord>(body)
        const values = [sub, version, verifiedEmailKey(user) ?? '', JSON.stringify(withoutProof(user))]
        const touched = [keys.user(tenant, sub), keys.userEmails(tenant)]
        return oneOf(await redis.runDurably(INDEX, touched, values), 'done', 'conflict')
      }),
    )
    left = left.filter((_sub, index) => outcomes[index] === 'conflict')
  }
}
