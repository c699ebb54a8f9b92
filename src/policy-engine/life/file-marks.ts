/** High-water marks of bundle versions in a file: for a policy service whose marks do not lie in the store. */
import { readFile } from 'node:fs/promises'
import { replaceFile } from '../../kernel/replace-file.ts'
import { type Static, Type } from '../../schema/type.ts'
import { compile } from '../../schema/validator.ts'
import type { MarkStore } from '../../storage/port.ts'

const Marks = Type.Record(
  Type.String(),
  Type.Object({ version: Type.Integer({ minimum: 0 }), revision: Type.String() }),
)
const isMarks = compile(Marks)

/** One process writes the file; a damaged one rejects, and is never read as "no mark". */
export function fileMarks(path: string): MarkStore {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const next = last.then(action)
    last = next.catch(() => {})
    return next
  }
  return {
    read: (bundle) => inTurn(async () => (await readMarks(path))[bundle]),
    raise: (bundle, version, revision) =>
      inTurn(async () => {
        const marks = await readMarks(path)
        const mark = marks[bundle]
        if (mark !== undefined && version < mark.version) return 'conflict'
        if (mark !== undefined && version === mark.version) return revision === mark.revision ? 'raised' : 'conflict'
        await replaceFile(path, JSON.stringify({ ...marks, [bundle]: { version, revision } }))
        return 'raised'
      }),
  }
}

async function readMarks(path: string): Promise<Static<typeof Marks>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
  const marks: unknown = JSON.parse(text)
  if (!isMarks.check(marks)) throw new Error('the file of bundle marks is damaged')
  return marks
}
