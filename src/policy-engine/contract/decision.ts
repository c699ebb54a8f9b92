/** What a decision is: its name, its entrypoint, the schemas of its input and result, and the public code of each reason. */

import type { OAuthErrorCode, ProblemCode, ScimErrorCode } from '../../kernel/error-codes.ts'
import { type Static, type TSchema, Type } from '../../schema/type.ts'

/** No field beyond those named: a misspelt one is an error, not ignored. */
export const closed = { additionalProperties: false } as const

/** A string that is one of `values`, as a type and as a schema that OPA's checker reads. */
export const oneOf = <const V extends readonly string[]>(...values: V) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values] })

export const strings = () => Type.Array(Type.String())

/** The code a denied caller reads for each reason that policy may give. */
export type ReasonCodes = Readonly<Record<string, OAuthErrorCode | ScimErrorCode | ProblemCode>>

export interface Decision<
  Name extends string = string,
  Input extends TSchema = TSchema,
  Obligations extends TSchema = TSchema,
  Reasons extends ReasonCodes = ReasonCodes,
> {
  readonly name: Name
  /** `authz/<name>/decision`: the only exported rule of a decision. */
  readonly entrypoint: `authz/${Name}/decision`
  readonly input: Input
  readonly obligations: Obligations
  readonly reasons: Reasons
  /** `{allow, reasons, obligations}`; obligations are there exactly when `allow` is true. */
  readonly result: TSchema
  /** The source file that asks this decision; the mirror test demands that it exists. */
  readonly askedBy: string
}

/** Declares a decision. `reasons` are listed in the order of precedence: the first that policy gives becomes the answer. */
export function decision<
  const Name extends string,
  Input extends TSchema,
  Obligations extends TSchema,
  const Reasons extends ReasonCodes,
>(
  name: Name,
  parts: { askedBy: string; input: Input; reasons: Reasons; obligations: Obligations },
): Decision<Name, Input, Obligations, Reasons> {
  const reasons = Type.Array(Type.Unsafe<keyof Reasons & string>({ type: 'string', enum: Object.keys(parts.reasons) }))
  const allowed = Type.Object(
    { allow: Type.Literal(true), reasons: Type.Array(Type.String(), { maxItems: 0 }), obligations: parts.obligations },
    closed,
  )
  const denied = Type.Object({ allow: Type.Literal(false), reasons }, closed)
  return { name, entrypoint: `authz/${name}/decision`, ...parts, result: Type.Union([allowed, denied]) }
}

/** Input of decision `D`, as the asking file must hand it in. */
export type InputOf<D extends Decision> = Static<D['input']>

/** What policy answered. A deny carries at least one reason, or none when no rule named one. */
export type ResultOf<D extends Decision> =
  | { readonly allow: true; readonly reasons: readonly []; readonly obligations: Static<D['obligations']> }
  | { readonly allow: false; readonly reasons: readonly (keyof D['reasons'] & string)[] }
