/**
 * Tells when files that belong together have changed. They are looked at, not watched: a secret mount swaps links, a copy
 * comes in two writes, and neither is told reliably. What is half there at one look is tried again at the next.
 */
import { stat } from 'node:fs/promises'

const LOOK_AGAIN_MS = 2000

export interface FollowedFiles {
  readonly files: readonly string[]
  /** Takes the files as they are now; throws where they cannot be used. */
  readonly take: () => void
  /** The same unfit files were there at two looks. */
  readonly refuse: (error: unknown) => void
  readonly everyMs?: number
}

/** Answers how to stop. Call it before the files are read for the first time, so that no change falls between. */
export function followFiles({ files, take, refuse, everyMs = LOOK_AGAIN_MS }: FollowedFiles): () => void {
  let settled = stampOf(files)
  let unfit: string | undefined
  let looking = false
  const look = async () => {
    const before = await settled
    const now = await stampOf(files)
    if (now === before) return
    try {
      take()
      settled = Promise.resolve(now)
      unfit = undefined
    } catch (error) {
      if (unfit !== now) {
        unfit = now
        return
      }
      settled = Promise.resolve(now)
      refuse(error)
    }
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    void look().finally(() => {
      looking = false
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then(
        ({ dev, ino, size, mtimeNs, ctimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
        () => 'absent',
      ),
    ),
  )
  return stamps.join(' ')
}
