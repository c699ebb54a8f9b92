/** A fault of a client's metadata, as the admin API answers it. */
import { Problem } from '../../../kernel/errors.ts'
import { MetadataFault } from '../../client/metadata/fault.ts'

export async function orBadRequest<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof MetadataFault) throw new Problem('bad_request', { detail: error.message })
    throw error
  }
}
