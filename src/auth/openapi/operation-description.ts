/** What is said of one operation, in the words of OpenAPI 3.1. */
export interface OperationDescription {
  readonly summary: string
  /** Parameters of the query, or of the form where the method has one. */
  readonly parameters?: readonly string[]
  /** Of those, the ones that must be there. */
  readonly required?: readonly string[]
  /** Schema of a JSON body. */
  readonly json?: object
  /** Statuses besides those of errors; 200 where it is absent. */
  readonly answers?: readonly number[]
  /** Statuses of errors besides those that any address of its kind answers. */
  readonly errors?: readonly number[]
}
