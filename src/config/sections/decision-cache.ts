/** The decision cache: what rules declare in their metadata is kept, within this bound. */
import { Type } from '../../schema/type.ts'

export const cacheBytes = Type.Integer({
  minimum: 0,
  maximum: 4 * 1024 * 1024 * 1024,
  default: 16 * 1024 * 1024,
  description: 'memory of the decision cache of each deciding thread; 0 keeps nothing',
})
