/** The words in which the table of routes describes itself (OpenAPI 3.1). */

export interface ParameterDescription {
  readonly name: string
  readonly text: string
  readonly schema: object
}

export interface AnswerDescription {
  readonly text: string
  /** By media type; none for an empty answer. */
  readonly content?: Readonly<Record<string, object>>
}

export interface OperationDescription {
  readonly id: string
  readonly summary: string
  readonly text?: string
  readonly query?: readonly ParameterDescription[]
  /** By media type. */
  readonly body?: Readonly<Record<string, object>>
  /** By status; what every address can answer (400, 401, 403, 405, 413, 503) is added. */
  readonly answers: Readonly<Record<number, AnswerDescription>>
}
