/** Tells of bundles that were refused, in metrics and in the operational log. */
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { BundleError } from '../engine.ts'
import type { From } from './bundle-reader.ts'

export interface RefusalDetails {
  readonly cause?: unknown
  readonly from?: From
  readonly httpCode?: number
  readonly isReachable?: boolean
}

export interface RefusalsOptions {
  /** Of the bundle. */
  readonly name: string
  /** A service that is down for hours says the same at each attempt: at `error` once. */
  readonly isRemote: boolean
  readonly logger: Logger
  readonly metrics: Metrics
}

export class Refusals {
  readonly #options: RefusalsOptions
  #said: string | undefined
  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  tell(refusal: BundleError, { from = 'source', cause }: RefusalDetails, isServing: boolean): void {
    const { name, isRemote, logger, metrics } = this.#options
    metrics.bundleFailed.inc({ name, code: refusal.code })
    const serving = isServing ? 'the one before' : 'none, nothing is issued'
    const refused = { bundle: name, from, refusal: refusal.code, why: refusal.message, serving }
    const isUnforeseen = cause !== undefined && !(cause instanceof BundleError)
    const text = `${refusal.code} ${refusal.message} ${serving}`
    const level = text === this.#said && isRemote ? 'debug' : 'error'
    this.#said = text
    logger[level](isUnforeseen ? { ...refused, err: cause } : refused, 'bundle refused')
  }

  /** The source answered well: what comes next is news. */
  forget(): void {
    this.#said = undefined
  }
}

export const asRefusal = (error: unknown): BundleError =>
  error instanceof BundleError
    ? error
    : new BundleError('self_check_failed', 'the bundle cannot be activated', { cause: error })
