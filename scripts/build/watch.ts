/** Builds again on every save, whether the editor writes in place or renames. One build at a time; saves meanwhile count once, and tell it. */
import { join } from 'node:path'
import { watch } from 'chokidar'
import { REPOSITORY } from './compiler.ts'
import type { Sources } from './source-files.ts'

const SETTLE_MS = 40

export interface Watcher {
  close(): Promise<void>
}

/** Resolves when watching has begun. `build` must not throw. */
export async function watchSources(
  { folder, replace }: Sources,
  build: (superseded: AbortSignal) => Promise<void>,
): Promise<Watcher> {
  const homes = [...(replace === true ? [] : [REPOSITORY]), ...(folder === undefined ? [] : [folder])]
  const watcher = watch(
    homes.flatMap((home) => [join(home, 'policies'), join(home, 'policy-tests')]),
    { ignoreInitial: true, atomic: false },
  )
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false
  let newer = new AbortController()
  const start = () => {
    again = false
    newer = new AbortController()
    running = build(newer.signal).finally(() => {
      running = undefined
      if (again) start()
    })
  }
  const wake = () => {
    if (running === undefined) return start()
    again = true
    newer.abort()
  }
  watcher.on('all', () => {
    clearTimeout(timer)
    timer = setTimeout(wake, SETTLE_MS)
  })
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  return {
    close: async () => {
      clearTimeout(timer)
      await watcher.close()
      again = false
      newer.abort()
      await running
    },
  }
}
