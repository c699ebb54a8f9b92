/** Marks in a file: never lowered, never lost silently. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileMarks } from './file-marks.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marks-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('bundle marks in a file', () => {
  it('raises, refuses to lower, and tells the same version with another content apart', async () => {
    const marks = fileMarks(join(folder, 'deep', 'marks.json'))
    expect(await marks.read('a')).toBeUndefined()
    expect(await marks.raise('a', 5, 'x')).toBe('raised')
    expect(await marks.raise('a', 5, 'x')).toBe('raised')
    expect(await marks.raise('a', 5, 'y')).toBe('conflict')
    expect(await marks.raise('a', 4, 'x')).toBe('conflict')
    expect(await marks.raise('b', 1, 'z')).toBe('raised')
    const again = fileMarks(join(folder, 'deep', 'marks.json'))
    expect([await again.read('a'), await again.read('b')]).toEqual([
      { version: 5, revision: 'x' },
      { version: 1, revision: 'z' },
    ])
    expect((await stat(join(folder, 'deep', 'marks.json'))).mode & 0o777).toBe(0o600)
  })

  it('takes one turn after the other', async () => {
    const marks = fileMarks(join(folder, 'marks.json'))
    const raised = await Promise.all(Array.from({ length: 20 }, (_, at) => marks.raise('a', at + 1, `r${at}`)))
    expect(new Set(raised)).toEqual(new Set(['raised']))
    expect(JSON.parse(await readFile(join(folder, 'marks.json'), 'utf8'))).toMatchObject({ a: { version: 20 } })
  })

  it.each(['', '{', '[]', '{"a":{"version":-1,"revision":"x"}}'])('rejects a damaged file: %j', async (text) => {
    const path = join(folder, 'marks.json')
    await writeFile(path, text)
    await expect(fileMarks(path).read('a')).rejects.toThrow()
    await expect(fileMarks(path).raise('a', 9, 'x')).rejects.toThrow()
  })
})
