/** A store of the peer's in Redis, by the interface that `oidc-provider` documents for adapters: records as JSON that expire. */
import { Redis } from 'ioredis'
import type { RedisAt } from '../redis.ts'

type Payload = Record<string, unknown> & { uid?: string; grantId?: string; userCode?: string }

/** The class that the provider's `adapter` setting takes. */
export function redisAdapter({ node, username, password }: RedisAt) {
  const [host, port] = node.split(':')
  const redis = new Redis({ host: host ?? '', port: Number(port), username, password, keyPrefix: 'peer:' })
  const keyOf = (model: string, id: string) => `${model}:${id}`

  return class RedisAdapter {
    readonly model: string

    constructor(model: string) {
      this.model = model
    }

    async upsert(id: string, payload: Payload, expiresIn: number) {
      const key = keyOf(this.model, id)
      const batch = redis.multi().set(key, JSON.stringify(payload), 'EX', expiresIn)
      if (payload.grantId !== undefined)
        batch.rpush(`grant:${payload.grantId}`, key).expire(`grant:${payload.grantId}`, expiresIn)
      if (payload.uid !== undefined) batch.set(`uid:${payload.uid}`, id, 'EX', expiresIn)
      await batch.exec()
    }

    async find(id: string): Promise<Payload | undefined> {
      const text = await redis.get(keyOf(this.model, id))
      return text === null ? undefined : JSON.parse(text)
    }

    async findByUid(uid: string) {
      const id = await redis.get(`uid:${uid}`)
      return id === null ? undefined : this.find(id)
    }

    async findByUserCode() {
      return undefined
    }

    async consume(id: string) {
      const key = keyOf(this.model, id)
      const [text, ttl] = await Promise.all([redis.get(key), redis.ttl(key)])
      if (text === null) return
      const consumed = { ...JSON.parse(text), consumed: Math.floor(Date.now() / 1000) }
      await redis.set(key, JSON.stringify(consumed), 'EX', Math.max(ttl, 1))
    }

    async destroy(id: string) {
      await redis.del(keyOf(this.model, id))
    }

    async revokeByGrantId(grantId: string) {
      const keys = await redis.lrange(`grant:${grantId}`, 0, -1)
      await redis.del(`grant:${grantId}`, ...keys)
    }
  }
}
