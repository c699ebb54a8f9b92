/** Which built-ins may answer differently from one moment to the next: held against OPA's own capabilities. */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { BUILTINS } from '../builtins/table.ts'
import { NON_DETERMINISTIC } from './builtin-calls.ts'

/** Nondeterministic in OPA and not here, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'json.match_schema': 'OPA fetches the schemas that one refers to; ours fetch nothing',
  'json.verify_schema': 'OPA fetches the schemas that one refers to; ours fetch nothing',
}

interface Capabilities {
  readonly builtins: readonly { readonly name: string; readonly nondeterministic?: boolean }[]
}

it('takes for nondeterministic what OPA does (opa capabilities --current), but for named exceptions', () => {
  const opa = resolve(process.env.OPA ?? '.toolchain/opa')
  const text = execFileSync(opa, ['capabilities', '--current'], { encoding: 'utf8', maxBuffer: 2 ** 24 })
  const { builtins } = JSON.parse(text) as Capabilities
  const theirs = builtins.filter(({ nondeterministic }) => nondeterministic === true).map(({ name }) => name)
  expect(theirs.length).toBeGreaterThan(0)
  expect([...NON_DETERMINISTIC, ...Object.keys(EXCEPTIONS)].sort()).toEqual(theirs.sort())
  expect(theirs.filter((name) => !BUILTINS.has(name))).toEqual([])
})
