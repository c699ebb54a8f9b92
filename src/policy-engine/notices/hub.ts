/**
 * Notices of what changed the ground that decisions stand on: a bundle became active or was taken out of force, caches were
 * emptied. Whoever keeps decisions subscribes and forgets them. A notice only says so; it carries no decision and no data.
 */
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'

export type NoticeType = 'bundle.activated' | 'bundle.withdrawn' | 'cache.purged'

export interface Notice {
  /** `<run>-<number>`: numbers count from 1 in each run of the service. */
  readonly id: string
  readonly type: NoticeType
  /** RFC 3339. */
  readonly timestamp: string
  readonly data: {
    /** Name of the bundle. */
    readonly bundle?: string
    readonly revision?: string
    readonly version?: number
    /** Why it was taken out of force. */
    readonly code?: string
    /** Of whom decisions are to be forgotten; absent: all. Pseudonymous. */
    readonly subject?: string
  }
}

export type NoticeListener = (notice: Notice) => void

export interface Subscription {
  /** What came since the given id; undefined where that cannot be told, so that everything must be forgotten. */
  readonly missed: readonly Notice[] | undefined
  stop(): void
}

export interface NoticeHub {
  publish(type: NoticeType, data: Notice['data']): Notice
  /** Passes on what another thread published. */
  adopt(notice: Notice): void
  /** From now on; `lastId` is the last one that was heard. */
  subscribe(listener: NoticeListener, lastId?: string): Subscription
}

/** How far back a subscriber may catch up. */
const MEMORY = 256

export function createNoticeHub(clock: Clock = systemClock): NoticeHub {
  const run = randomId(9)
  const listeners = new Set<NoticeListener>()
  let recent: readonly Notice[] = []
  let count = 0

  const adopt = (notice: Notice): void => {
    recent = [...recent.slice(1 - MEMORY), notice]
    for (const listener of listeners) listener(notice)
  }
  const since = (lastId: string): readonly Notice[] | undefined => {
    const at = recent.findIndex(({ id }) => id === lastId)
    return at < 0 ? undefined : recent.slice(at + 1)
  }
  return {
    publish: (type, data) => {
      count += 1
      const notice = { id: `${run}-${count}`, type, timestamp: new Date(clock.nowMs()).toISOString(), data }
      adopt(notice)
      return notice
    },
    adopt,
    subscribe: (listener, lastId) => {
      const missed = lastId === undefined ? [] : since(lastId)
      listeners.add(listener)
      return { missed, stop: () => listeners.delete(listener) }
    },
  }
}
