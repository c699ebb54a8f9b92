/**
 * High-water marks of bundle versions, in the store and beside the copies on disk: whoever loses or swaps one of the two
 * has not lowered the mark.
 */
import { join } from 'node:path'
import type { MarkStore } from '../../storage/port.ts'
import type { Mark } from '../bundle/load.ts'
import { BundleError, type VerifiedBundle } from '../engine.ts'
import { fileMarks } from './file-marks.ts'

/** The higher of both counts; both are raised. Without a folder it is the store's alone. */
export function highWaterMark(store: MarkStore, folder: string | undefined): MarkStore {
  if (folder === undefined) return store
  const disk = fileMarks(join(folder, 'marks.json'))
  return {
    read: async (bundle) => higher(await store.read(bundle), await disk.read(bundle)),
    raise: async (bundle, version, revision) => {
      const mark = higher(await store.read(bundle), await disk.read(bundle))
      if (mark !== undefined && mark.version > version) return 'conflict'
      const raised = await store.raise(bundle, version, revision)
      // A disk that is full or read-only stops no activation: the store has the mark.
      return raised === 'raised' ? disk.raise(bundle, version, revision).catch(() => raised) : raised
    },
  }
}

const higher = (store: Mark | undefined, disk: Mark | undefined): Mark | undefined =>
  disk === undefined || (store !== undefined && store.version >= disk.version) ? store : disk

export async function readMark(marks: MarkStore, name: string): Promise<Mark | undefined> {
  try {
    return await marks.read(name)
  } catch (cause) {
    throw new BundleError('mark_unavailable', 'the version that was active before cannot be read', { cause })
  }
}

export async function raiseMark(marks: MarkStore, bundle: VerifiedBundle): Promise<void> {
  let raised: 'raised' | 'conflict'
  try {
    raised = await marks.raise(bundle.name, bundle.version, bundle.digest)
  } catch (cause) {
    throw new BundleError('mark_unavailable', 'the version that becomes active cannot be noted', { cause })
  }
  if (raised === 'raised') return
  const mark = await readMark(marks, bundle.name)
  if (mark !== undefined && mark.version > bundle.version) {
    throw new BundleError('older_version', `version ${bundle.version} is older than ${mark.version}`)
  }
  throw new BundleError('version_conflict', `version ${bundle.version} was active with another content`)
}
