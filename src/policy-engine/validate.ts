/** Compiled validators of the contract: input and result of every decision, checked on every evaluation. */
import type { TSchema } from '../schema/type.ts'
import { compile, type SchemaFault, type Validator } from '../schema/validator.ts'
import { DECISIONS, type DecisionName, type DecisionResult } from './contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from './contract/system.ts'

export interface ContractValidator {
  readonly entrypoint: string
  isInput(value: unknown): boolean
  isResult(value: unknown): boolean
  /** Where a result that is not one leaves the contract, in the contract's own words: no value, no key that policy made up. */
  resultFault(value: unknown): string
}

const NAMES = Object.keys(DECISIONS) as DecisionName[]

/** Compiled at first use: a start waits for the schemas it needs only. */
function lazily(schema: TSchema): (value: unknown) => boolean {
  let compiled: Validator<unknown> | undefined
  return (value) => {
    compiled ??= compile(schema)
    return compiled.check(value)
  }
}

/** A result is one of two shapes; `allow` says which one was meant. */
function faultOf(schema: TSchema): (value: unknown) => string {
  return (value) => {
    const allow: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'allow') : undefined
    if (typeof allow !== 'boolean') return 'allow must be true or false'
    const shape = `#/anyOf/${allow ? 0 : 1}`
    const faults = compile(schema)
      .faults(value)
      .filter(({ keyword, schemaPath }) => keyword !== 'boolean' && schemaPath.startsWith(shape))
    return faults.slice(0, 3).map(inWords).join('; ') || 'it has another shape'
  }
}

function inWords({ keyword, schemaPath, params, message }: SchemaFault): string {
  const parts = schemaPath.split('/').slice(3)
  const place = parts.filter((part) => part !== 'properties' && part !== 'items').join('.') || 'the result'
  if (keyword === 'additionalProperties') return `${place} has a field that the contract does not name`
  if (keyword === 'enum') return `${place} must be among ${Object.values(params).flat().join(', ')}`
  return `${place} ${message}`
}

export const CONTRACT: Readonly<Record<DecisionName, ContractValidator>> = Object.fromEntries(
  NAMES.map((name) => {
    const { entrypoint, input, result } = DECISIONS[name]
    return [name, { entrypoint, isInput: lazily(input), isResult: lazily(result), resultFault: faultOf(result) }]
  }),
) as Record<DecisionName, ContractValidator>

/** Narrows a value that passed `isResult` of that decision. */
export const isResultOf = <N extends DecisionName>(name: N, value: unknown): value is DecisionResult<N> =>
  CONTRACT[name].isResult(value)

/** What a platform bundle must answer at least. */
export const REQUIRED_ENTRYPOINTS: readonly string[] = [
  ...NAMES.map((name) => DECISIONS[name].entrypoint),
  ...SYSTEM_ENTRYPOINTS.filter((system) => !('optional' in system)).map((system) => system.entrypoint),
]
