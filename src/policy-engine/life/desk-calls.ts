/** The desk from another thread: each call is a message with a number, and its answer another. */
import type { Logger } from '../../observability/logger.ts'
import type { DeskAnswer } from '../process/worker-messages.ts'
import { type BundleDesk, type BundleRecord, DeskError, type DeskRequest } from './desk.ts'

export interface DeskCalls extends BundleDesk {
  settle(id: number, answer: DeskAnswer): void
}

/** A source may take long to answer; the caller hears of it in the status then. */
const WAIT_MS = 30_000

export function deskCalls(send: (id: number, request: DeskRequest | undefined) => void): DeskCalls {
  const open = new Map<number, PromiseWithResolvers<readonly BundleRecord[]>>()
  let last = 0
  const call = async (request?: DeskRequest): Promise<readonly BundleRecord[]> => {
    last += 1
    const id = last
    const answer = Promise.withResolvers<readonly BundleRecord[]>()
    open.set(id, answer)
    const late = setTimeout(
      () => answer.reject(new DeskError('unavailable', 'no answer yet: see /v1/status for what comes of it')),
      WAIT_MS,
    )
    try {
      send(id, request)
      return await answer.promise
    } finally {
      clearTimeout(late)
      open.delete(id)
    }
  }
  return {
    list: () => call(),
    act: async (request) => {
      const [record] = await call(request)
      if (record === undefined) throw new DeskError('not_found', 'there is no bundle of this name')
      return record
    },
    settle: (id, answer) => {
      if ('records' in answer) open.get(id)?.resolve(answer.records)
      else open.get(id)?.reject(new DeskError(answer.error.code, answer.error.message))
    },
  }
}

/** What the thread that keeps the bundles answers. */
export async function answerDesk(
  desk: BundleDesk,
  request: DeskRequest | undefined,
  logger: Logger,
): Promise<DeskAnswer> {
  try {
    return { records: request === undefined ? await desk.list() : [await desk.act(request)] }
  } catch (error) {
    if (error instanceof DeskError) return { error: { code: error.code, message: error.message } }
    logger.error({ err: error, action: request?.action }, 'an act on a bundle failed')
    return { error: { code: 'unavailable', message: 'the act failed: the log of the service says why' } }
  }
}
