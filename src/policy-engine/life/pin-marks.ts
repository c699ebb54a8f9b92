/**
 * What the store knows of pins. A pin overrides the high-water mark, so that a file alone must not make one: each has an entry
 * of its own among the marks, which only rises, from set to lifted. Neither a pin that was written by hand nor one that was
 * lifted since comes back with a file.
 */
import { createHash } from 'node:crypto'
import type { Logger } from '../../observability/logger.ts'
import type { MarkStore } from '../../storage/port.ts'
import { DeskError } from './desk.ts'
import type { BundlePin, PinMarks } from './kept-bundles.ts'

const SET = 1
const LIFTED = 2

/** Of one bundle. `marks` must be the store's, not those beside the copies. */
export function pinMarks(marks: MarkStore, bundle: string, logger: Logger): PinMarks {
  const keyOf = (id: string) => `pin/${bundle}/${id}`
  const raise = async (id: string, state: number, content: string): Promise<void> => {
    const raised = await marks.raise(keyOf(id), state, content).catch((cause: unknown) => {
      throw new DeskError('unavailable', 'the store cannot note the pin, so nothing was done', { cause })
    })
    if (raised !== 'raised')
      throw new DeskError('conflict', 'the store knows this pin otherwise: look at the state again')
  }
  return {
    set: (id, pin) => raise(id, SET, contentOf(bundle, pin)),
    lift: (id) => raise(id, LIFTED, 'lifted'),
    holds: async (id, pin) => {
      const mark = id === undefined ? undefined : await marks.read(keyOf(id))
      if (mark?.version === SET && mark.revision === contentOf(bundle, pin)) return true
      logger.error({ bundle, pin, lifted: mark?.version === LIFTED }, 'a pin on disk that the store does not confirm')
      return false
    },
  }
}

const contentOf = (bundle: string, { version, digest, by, since }: BundlePin): string =>
  createHash('sha256')
    .update(JSON.stringify([bundle, version, digest, by, since]))
    .digest('hex')
