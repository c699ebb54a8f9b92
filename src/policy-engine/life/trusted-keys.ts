/**
 * The keys whose bundles are trusted, read again while the service runs: a key is added, retired or revoked by a change of a
 * file. What cannot be read leaves the keys as they were, and says so: a slip of an editor must not end all decisions.
 */
import type { BundleKey } from '../bundle/signature.ts'

export interface TrustedKeys {
  readonly current: readonly BundleKey[]
  /** Why the last reading failed; undefined when it did not. */
  readonly trouble: string | undefined
  /** Told after each change; answers how to stop that. */
  onChange(listener: () => void): () => void
  /** Reads at once. */
  refresh(): Promise<void>
  close(): void
}

export const fixedKeys = (keys: readonly BundleKey[]): TrustedKeys => ({
  current: keys,
  trouble: undefined,
  onChange: () => () => {},
  refresh: async () => {},
  close: () => {},
})

export interface WatchedKeysOptions {
  readonly first: readonly BundleKey[]
  /** Rejects where a file cannot be read or is malformed. */
  readonly read: () => Promise<readonly BundleKey[]>
  readonly onTrouble?: (error: unknown) => void
  /**
   * How often the files are looked at; default 2 s. They are few and small, and polling sees what watching misses: links of
   * secret mounts, network file systems.
   */
  readonly everyMs?: number
}

export function watchedKeys({ first, read, onTrouble, everyMs = 2000 }: WatchedKeysOptions): TrustedKeys {
  const listeners = new Set<() => void>()
  let current = first
  let trouble: string | undefined
  let last = JSON.stringify(current)
  let running: Promise<void> | undefined

  const look = async () => {
    try {
      const keys = await read()
      trouble = undefined
      const text = JSON.stringify(keys)
      if (text === last) return
      last = text
      current = keys
      for (const listener of listeners) listener()
    } catch (error) {
      if (trouble === undefined) onTrouble?.(error)
      trouble = error instanceof Error ? error.message : 'the keys cannot be read'
    }
  }
  const refresh = (): Promise<void> => {
    running ??= look().finally(() => {
      running = undefined
    })
    return running
  }
  const timer = setInterval(() => void refresh(), everyMs)
  timer.unref()
  return {
    get current() {
      return current
    },
    get trouble() {
      return trouble
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refresh,
    close: () => clearInterval(timer),
  }
}
