/** Reads application/x-www-form-urlencoded text (query or body) into Params. RFC 6749 3.1 and 3.2, appendix B. */
import type { Params } from './message.ts'

class ParsedParams implements Params {
  readonly #values = new Map<string, string[]>()
  readonly #repeated = new Set<string>()

  constructor(text: string) {
    for (const [name, value] of new URLSearchParams(text)) {
      const before = this.#values.get(name)
      if (before === undefined) this.#values.set(name, [value])
      else {
        before.push(value)
        this.#repeated.add(name)
      }
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.[0] || undefined
  }

  all(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => value !== '')
  }

  get repeated(): ReadonlySet<string> {
    return this.#repeated
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#values.keys())
  }
}

export const noParams: Params = new ParsedParams('')

export const parseParams = (text: string): Params => (text === '' ? noParams : new ParsedParams(text))
