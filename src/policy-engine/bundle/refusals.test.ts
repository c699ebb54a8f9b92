/** docs/bundle-life.md tells exactly what the table says. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { REFUSALS } from './refusals.ts'

it('docs/bundle-life.md equals the table of refusals', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/bundle-life.md'), 'utf8')
  const section = page.split('## Why a bundle is refused')[1] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows).toEqual(Object.entries(REFUSALS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`))
})
