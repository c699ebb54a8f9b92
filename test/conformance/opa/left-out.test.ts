/** What docs/policy-api.md says is left out is what no table has, and what OPA's cases are excused for lacking. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lackedBuiltins } from '../../../scripts/build/builtins.ts'
import { LEFT_OUT } from './expected.ts'

const DOCS = join(import.meta.dirname, '../../../docs/policy-api.md')

/** The names in items that begin with `left out:`, which may go on over lines. */
async function documented(): Promise<string[]> {
  const items = (await readFile(DOCS, 'utf8')).matchAll(/^- left out: (.*(?:\n {2}.*)*)/gm)
  return [...items].flatMap(([, item = '']) => [...item.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

describe('built-ins that are left out', () => {
  it('are named in the documentation, all of them and no other', async () => {
    expect((await documented()).sort()).toEqual([...lackedBuiltins()].sort())
  })

  it('are those that cases may lack', () => {
    const lacked = [...lackedBuiltins()]
    expect(lacked.filter((name) => !LEFT_OUT.some((left) => name.startsWith(left)))).toEqual([])
    expect(LEFT_OUT.filter((left) => !lacked.some((name) => name.startsWith(left)))).toEqual([])
  })
})
