/** Which entrypoints of a compiled module may answer differently from one moment to the next: known before they are asked. */
import type { VerifiedBundle } from '../engine.ts'
import { NON_DETERMINISTIC } from './builtin-calls.ts'
import { entrypointsReaching } from './fuel/reach.ts'
import { NO_IMPORTS, PolicyInstance } from './instance.ts'
import { PAGE } from './memory.ts'

/** Beside the module's own constants, which are no larger than the module. */
const PAGES = 64

/** `bytes` are those of the module as it came. The SDK has no such built-in: a module that was not metered reaches none. */
export function nondeterministicEntrypoints(
  bytes: Uint8Array,
  { metered }: Pick<VerifiedBundle, 'metered'>,
): ReadonlySet<string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // What the module lists by name it holds as text.
  if (metered === undefined || !NON_DETERMINISTIC.values().some((name) => text.includes(name))) return new Set()
  const pages = PAGES + Math.ceil(bytes.byteLength / PAGE)
  const instance = new PolicyInstance(metered, { pages, maxPages: pages, ...NO_IMPORTS })
  const listings = { builtins: instance.listing('builtins'), entrypoints: instance.listing('entrypoints') }
  return entrypointsReaching(bytes, listings, NON_DETERMINISTIC)
}
