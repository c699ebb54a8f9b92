/** A bundle on disk, a file or a folder: offered at start and at each change. */
import { watchBundle } from '../bundle/source.ts'
import type { Feed, FeedListener } from './feed.ts'

const AGAIN_MS = 1000

export function folderFeed(path: string, listener: FeedListener): Feed {
  let watching: Awaited<ReturnType<typeof watchBundle>> | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  const attempt = async (): Promise<void> => {
    listener.requested()
    const outcome = await listener.offered(path)
    if (outcome === 'again' && !closed) retry = setTimeout(() => void changed(), AGAIN_MS)
  }

  /** One attempt at a time; a change during one makes another. */
  let running: Promise<void> | undefined
  let again = false
  const changed = (): Promise<void> => {
    clearTimeout(retry)
    again = true
    running ??= (async () => {
      while (again && !closed) {
        again = false
        await attempt()
      }
      running = undefined
    })()
    return running
  }
  return {
    open: async () => {
      watching = await watchBundle(path, () => void changed())
      await changed()
    },
    tryAgain: changed,
    close: async () => {
      closed = true
      clearTimeout(retry)
      await watching?.close()
      await running
    },
  }
}
