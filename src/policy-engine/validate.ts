/** Compiled validators of the contract: input and result of every decision, checked on every evaluation. */
import { Compile } from 'typebox/compile'
import { DECISIONS, type DecisionName, type DecisionResult } from './contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from './contract/system.ts'

export interface ContractValidator {
  readonly entrypoint: string
  isInput(value: unknown): boolean
  isResult(value: unknown): boolean
}

const NAMES = Object.keys(DECISIONS) as DecisionName[]

export const CONTRACT: Readonly<Record<DecisionName, ContractValidator>> = Object.fromEntries(
  NAMES.map((name) => {
    const input = Compile(DECISIONS[name].input)
    const result = Compile(DECISIONS[name].result)
    const validator: ContractValidator = {
      entrypoint: DECISIONS[name].entrypoint,
      isInput: (value) => input.Check(value),
      isResult: (value) => result.Check(value),
    }
    return [name, validator]
  }),
) as Record<DecisionName, ContractValidator>

/** Narrows a value that passed `isResult` of that decision. */
export const isResultOf = <N extends DecisionName>(name: N, value: unknown): value is DecisionResult<N> =>
  CONTRACT[name].isResult(value)

/** What a platform bundle must answer at least. */
export const REQUIRED_ENTRYPOINTS: readonly string[] = [
  ...NAMES.map((name) => DECISIONS[name].entrypoint),
  ...SYSTEM_ENTRYPOINTS.map((system) => system.entrypoint),
]
