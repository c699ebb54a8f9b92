/** What a document misses of a schema: errors, and a score by which the nearest of several schemas is told. */
import { RegoObject, type Value } from '../../wasm/value.ts'

export interface SchemaError {
  readonly type: string
  readonly field: string
  readonly description: string
}

/** Where in the document, in the words of OPA's library. */
export interface Path {
  readonly text: string
}

export const ROOT: Path = { text: '(Root)' }
export const below = (path: Path, key: string | number): Path => ({ text: `${path.text}.${key}` })

const fieldOf = ({ text }: Path): string => (text.startsWith('(Root).') ? text.slice('(Root).'.length) : text)

export class Result {
  readonly errors: SchemaError[] = []
  score = 0

  get isValid(): boolean {
    return this.errors.length === 0
  }

  /** The description may name the field. */
  fail(type: string, path: Path, describe: string | ((field: string) => string)): void {
    const field = fieldOf(path)
    this.errors.push({ type, field, description: typeof describe === 'string' ? describe : describe(field) })
    this.score -= 2
  }

  merge(other: Result): void {
    for (const error of other.errors) this.errors.push(error)
    this.score += other.score
  }
}

export const errorValue = ({ type, field, description }: SchemaError): Value =>
  RegoObject.fromRecord({ error: `${field}: ${description}`, type, field, desc: description })

/** The first of those with the highest score. */
export const nearest = (results: readonly Result[]): Result | undefined =>
  results.reduce<Result | undefined>(
    (best, each) => (best === undefined || each.score > best.score ? each : best),
    undefined,
  )
