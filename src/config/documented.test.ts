import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONFIG, type Described } from './described.ts'

const keys = (schema: Described, path: readonly string[] = []): readonly string[] =>
  schema.type === 'object'
    ? Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => keys(inner, [...path, key]))
    : [path.join('.')]

test('docs/configuration.md names every key, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((found) => found[1]))
  expect(named.toSorted()).toEqual(keys(CONFIG).toSorted())
})
