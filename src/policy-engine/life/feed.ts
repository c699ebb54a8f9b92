/** Where a bundle comes from, as whoever keeps it active sees it: it offers what it finds, and tells what it could not get. */
import type { BundleError } from '../engine.ts'

/**
 * `active`: it is in force now, or was before. `held`: it is fit to wait for an operator's word. `again`: what stood in its way
 * may be gone in a moment. `refused`: it is unfit, and what comes next may not be.
 */
export type Outcome = 'active' | 'held' | 'refused' | 'again'

export interface FeedListener {
  /** The source is asked. */
  requested(): void
  /** Bytes of an archive, or the path of one or of a folder. Never rejects. */
  offered(content: Uint8Array | string, etag?: string): Promise<Outcome>
  /** What was accepted last is what the source has. */
  unchanged(): void
  /** The source answers, and has no bundle. */
  empty(): void
  failed(error: BundleError, httpCode?: number): void
}

export interface Feed {
  /** Resolves after the first attempt; from then on it follows the source by itself. */
  open(): Promise<void>
  /** Asks the source anew, whatever it said last; resolves when that was judged. */
  tryAgain(): Promise<void>
  close(): Promise<void>
}
