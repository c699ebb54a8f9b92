/** Entries of a header that negotiates. RFC 9110 12.4.2 and 12.5. */

export interface Weighed {
  /** In lower case. */
  readonly name: string
  /** From 0, not acceptable, to 1; what is no number is 0. */
  readonly weight: number
}

/** Of Accept, Accept-Encoding, Accept-Language, in the order of the header; none for an empty one. */
export const weighed = (header: string): readonly Weighed[] =>
  header
    .toLowerCase()
    .split(',')
    .map((entry) => {
      const [name = '', ...parameters] = entry.split(';').map((part) => part.trim())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { name, weight: weight === undefined ? 1 : Number(weight) || 0 }
    })
    .filter(({ name }) => name !== '')
