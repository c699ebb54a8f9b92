/** Each host built-in that has a table against what OPA's own answered: results by value, failures by code and words. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTerm, writeTerm } from '../wasm/term-text.ts'
import { type BuiltinOutcome, callBuiltin } from './call-builtin.ts'
import { BUILTINS } from './table.ts'
import { testContext } from './test-context.ts'

interface Vector {
  readonly name: string
  readonly args: readonly string[]
  readonly result?: string
  readonly err?: string
}

/** Answers that no one can foresee; their own tests pin what can be. */
const UNFORESEEABLE = new Set([
  'rand.intn',
  'uuid.rfc4122',
  'time.now_ns',
  'opa.runtime',
  'net.lookup_ip_addr',
  'http.send',
])
/** Built-ins whose refusals are worded by the library that a family rests on: only the code must agree. */
const OTHER_WORDS = new Set<string>(['io.jwt.encode_sign_raw', 'yaml.unmarshal'])

const vectors = readFileSync(new URL('../../../test/vectors/opa-builtins.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)

const byName = Map.groupBy(vectors, ({ name }) => name)
const covered = [...byName].filter(([name]) => BUILTINS.has(name) && !UNFORESEEABLE.has(name))

function answer({ name, args }: Vector): BuiltinOutcome {
  const run = BUILTINS.get(name)
  if (run === undefined) throw new Error(`no built-in ${name}`)
  return callBuiltin(name, run, testContext(), args.map(readTerm))
}

function words(outcome: BuiltinOutcome, name: string): string {
  if ('value' in outcome) return outcome.value === undefined ? 'undefined' : writeTerm(outcome.value)
  const { code, message } = outcome.failure
  return code === 'eval_builtin_error' && OTHER_WORDS.has(name) ? code : `${code}: ${message}`
}

function expected({ name, result, err }: Vector): string {
  if (result !== undefined) return writeTerm(readTerm(result))
  if (err === undefined) return 'undefined'
  return err.startsWith('eval_builtin_error') && OTHER_WORDS.has(name) ? 'eval_builtin_error' : err
}

describe('host built-ins answer as OPA recorded', () => {
  it('reads every vector, and each value written is read back the same', () => {
    expect(vectors.length).toBe(1121)
    for (const { args, result } of vectors) {
      for (const text of [...args, ...(result === undefined ? [] : [result])]) {
        const written = writeTerm(readTerm(text))
        expect(writeTerm(readTerm(written))).toBe(written)
      }
    }
  })

  it.each(covered)('%s', (_, rows) => {
    const answers = rows.map((row) => ({ args: row.args, answer: words(answer(row), row.name) }))
    expect(answers).toEqual(rows.map((row) => ({ args: row.args, answer: expected(row) })))
  })
})
