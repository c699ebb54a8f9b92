/** Numbers that keep their text in JSON; the language's library does not type them yet. */
interface RawJson {
  readonly rawJSON: string
}

export const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}
