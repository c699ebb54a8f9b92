/**
 * Watches a bundle on disk, a file or a folder: writers rename over it or save in place. Says only that something changed;
 * a reader that comes too early reads again, which is quicker and surer than waiting for writes to end.
 */
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'

export interface BundleWatch {
  close(): Promise<void>
}

/** Resolves when changes are seen from then on. */
export async function watchBundle(path: string, onChange: () => void): Promise<BundleWatch> {
  const target = resolve(path)
  const folder = await isFolder(target)
  const parent = dirname(target)
  // A file is watched through its folder: a watch on the file itself would stay with what was renamed over.
  const watcher: FSWatcher = folder
    ? watch(target, { ignoreInitial: true, atomic: false, followSymlinks: true })
    : watch(parent, {
        ignoreInitial: true,
        atomic: false,
        depth: 0,
        ignored: (candidate) => candidate !== parent && candidate !== target,
      })
  watcher.on('all', () => onChange())
  // Errors of the watcher are no reason to stop: what is active serves on, and later changes may be seen again.
  watcher.on('error', () => onChange())
  await new Promise<void>((done) => watcher.once('ready', () => done()))
  return { close: () => watcher.close() }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
