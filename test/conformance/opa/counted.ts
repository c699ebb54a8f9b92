/** The table that a runner dispatches by, each call counted by whose function answered it. */
import type { Builtin } from '../../../src/policy-engine/builtins/builtin.ts'
import { BUILTINS } from '../../../src/policy-engine/builtins/table.ts'
import { sleep } from './sleep.ts'

export interface Calls {
  /** The very function of the service's own table, under its name there. */
  own: number
  /** `test.sleep`, which is part of the cases and not of the language. */
  sleep: number
  other: number
}

type Table = ReadonlyMap<string, Builtin>

/** What the cases are run with. */
export const CASES_TABLE: Table = new Map([...BUILTINS, ['test.sleep', sleep]])

/** The same table; `calls` tells at any time who answered so far. */
export function countedTable(table: Table): { readonly builtins: Table; readonly calls: Readonly<Calls> } {
  const calls: Calls = { own: 0, sleep: 0, other: 0 }
  const counted = (name: string, run: Builtin): Builtin => {
    const by = ownerOf(name, run)
    return (...operands) => {
      calls[by]++
      return run(...operands)
    }
  }
  return { builtins: new Map([...table].map(([name, run]) => [name, counted(name, run)])), calls }
}

function ownerOf(name: string, run: Builtin): keyof Calls {
  if (BUILTINS.get(name) === run) return 'own'
  return name === 'test.sleep' && run === sleep ? 'sleep' : 'other'
}
