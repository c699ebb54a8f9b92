/** Adds a decision to the registry's source: its import among the others, its name last in the table. */
import type { DecisionNames } from './templates.ts'

const IMPORT = /^import .* from '\.\/([\w-]+)\.ts'$/

export function register(source: string, { constant, name, file }: DecisionNames): string {
  const lines = source.split('\n')
  const line = `import { ${constant} } from './${file}.ts'`
  const after = lines.findLastIndex((entry) => {
    const found = IMPORT.exec(entry)?.[1]
    return found !== undefined && found < file
  })
  const first = lines.findIndex((entry) => IMPORT.test(entry))
  lines.splice(after < 0 ? first : after + 1, 0, line)
  const end = lines.indexOf('} as const satisfies Record<string, Decision>')
  if (first < 0 || end < 0) throw new Error('the registry is not in the form that this script knows')
  lines.splice(end, 0, constant === name ? `  ${name},` : `  ${name}: ${constant},`)
  return lines.join('\n')
}
