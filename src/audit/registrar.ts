/** Registers heads that come by message, where nobody waits: the newest of each chain is tried until it is kept. */
import type { ChainHead } from '../storage/records.ts'

export interface HeadRegistrar {
  add(head: ChainHead): void
  /** Tries what waits once more. */
  close(): Promise<void>
}

const RETRY_MS = 1000

export function createRegistrar(
  register: (head: ChainHead) => Promise<void>,
  onTrouble: (what: string, cause: unknown) => void,
): HeadRegistrar {
  const waiting = new Map<string, ChainHead>()
  let running: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined

  const registerAll = async (): Promise<void> => {
    for (let head = first(waiting); head !== undefined; head = first(waiting)) {
      await register(head)
      if (waiting.get(head.chain) === head) waiting.delete(head.chain)
    }
  }
  const attempt = (): Promise<void> => {
    clearTimeout(retry)
    running ??= registerAll()
      .catch((cause) => {
        onTrouble('the head of the log cannot be registered', cause)
        retry = setTimeout(attempt, RETRY_MS).unref()
      })
      .finally(() => {
        running = undefined
      })
    return running
  }
  return {
    add: (head) => {
      waiting.set(head.chain, head)
      void attempt()
    },
    close: async () => {
      await running
      await attempt()
      clearTimeout(retry)
    },
  }
}

const first = (heads: ReadonlyMap<string, ChainHead>): ChainHead | undefined => heads.values().next().value
