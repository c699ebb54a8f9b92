/** Lines that could not be written and were let go, where the configuration says so: the chain tells how many. */

/** `full`: for want of room; `any`: whatever the reason. */
export type Tolerance = 'none' | 'full' | 'any'

/** The budget on disk is used up. */
export class LogFull extends Error {
  override readonly name = 'LogFull'
  constructor() {
    super('the log has used up its budget on disk')
  }
}

export class Gap {
  readonly #tolerate: Tolerance
  readonly #onLost: ((lines: number) => void) | undefined
  #lost = 0

  constructor(tolerate: Tolerance, onLost: ((lines: number) => void) | undefined) {
    this.#tolerate = tolerate
    this.#onLost = onLost
  }

  get open(): boolean {
    return this.#lost > 0
  }

  /** False where the failure may not be passed over. */
  swallow(cause: unknown, lines: number): boolean {
    if (this.#tolerate === 'none' || (this.#tolerate === 'full' && !isFull(cause))) return false
    this.#lost += lines
    this.#onLost?.(lines)
    return true
  }

  begin(stamp: string): readonly [string, string] {
    return [`{"record":"gap",${stamp},"state":"began",`, '}']
  }

  end(stamp: string): readonly [string, string] {
    return [`{"record":"gap",${stamp},"state":"ended","lines":${this.#lost},`, '}']
  }

  close(): void {
    this.#lost = 0
  }
}

const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

const isFull = (cause: unknown): boolean =>
  cause instanceof LogFull || (cause instanceof Error && 'code' in cause && FULL.has(cause.code))
