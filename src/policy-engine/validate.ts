/** Compiled validators of the contract: input and result of every decision, checked on every evaluation. */
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { DECISIONS, type DecisionName, type DecisionResult } from './contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from './contract/system.ts'

export interface ContractValidator {
  readonly entrypoint: string
  isInput(value: unknown): boolean
  isResult(value: unknown): boolean
}

const NAMES = Object.keys(DECISIONS) as DecisionName[]

/** Compiled at first use: a start waits for the schemas it needs only. */
function lazily(schema: TSchema): (value: unknown) => boolean {
  let compiled: Validator | undefined
  return (value) => {
    compiled ??= Compile(schema)
    return compiled.Check(value)
  }
}

export const CONTRACT: Readonly<Record<DecisionName, ContractValidator>> = Object.fromEntries(
  NAMES.map((name) => {
    const { entrypoint, input, result } = DECISIONS[name]
    return [name, { entrypoint, isInput: lazily(input), isResult: lazily(result) }]
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
