/** Counts the questions that are being answered with something, so that it is closed after the last of them. */
export class Lease {
  #users = 0
  #retired = false
  readonly #close: () => void
  constructor(close: () => void) {
    this.#close = close
  }

  take(): void {
    this.#users += 1
  }

  done(): void {
    this.#users -= 1
    if (this.#retired && this.#users === 0) this.#close()
  }

  /** Nobody takes it any more. */
  retire(): void {
    this.#retired = true
    if (this.#users === 0) this.#close()
  }
}
