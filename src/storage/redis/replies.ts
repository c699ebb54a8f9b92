/** Replies of Redis as typed values. One of the wrong shape means that something else wrote there: unavailable, never absent. */
import { StoreUnavailable } from '../../kernel/errors.ts'

export function oneOf<T extends string>(reply: unknown, ...allowed: readonly T[]): T {
  const found = allowed.find((value) => value === reply)
  if (found === undefined) throw new StoreUnavailable('redis: unexpected reply')
  return found
}

export function textOrNothing(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined
  if (typeof reply !== 'string') throw new StoreUnavailable('redis: unexpected reply')
  return reply
}

export function texts(reply: unknown): (string | undefined)[] {
  if (!Array.isArray(reply)) throw new StoreUnavailable('redis: unexpected reply')
  return reply.map(textOrNothing)
}

export function number(reply: unknown): number {
  const value = typeof reply === 'string' ? Number(reply) : reply
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new StoreUnavailable('redis: unexpected reply')
  return value
}
