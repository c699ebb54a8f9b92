/** `make decision NAME=x`: contract, registry line, policy, case table and test of a new decision. See --help. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { register } from './decision/register.ts'
import { cases, contract, type DecisionNames, policy, test } from './decision/templates.ts'

const HELP = `usage: node scripts/new-decision.ts name [--asked-by FILE]

Writes what a decision consists of. make check then names what is missing until the code asks it.

  name             in snake_case: token_exchange
  --asked-by FILE  the file that will ask it (src/auth/oauth/<name>.ts)
`

const ROOT = join(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'asked-by': { type: 'string' }, help: { type: 'boolean' } },
})
const [name = ''] = positionals

if (values.help === true) process.stdout.write(HELP)
else if (positionals.length === 1 && /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
  process.exitCode = await write(namesOf(name))
else {
  process.stderr.write(HELP)
  process.exitCode = 2
}

function namesOf(decision: string): DecisionNames {
  const file = decision.replaceAll('_', '-')
  const constant = decision.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return { name: decision, file, constant, askedBy: values['asked-by'] ?? `src/auth/oauth/${file}.ts` }
}

async function write(names: DecisionNames): Promise<number> {
  const files = {
    [`src/policy-engine/contract/${names.file}.ts`]: contract(names),
    [`policies/authz/${names.name}.rego`]: policy(names),
    [`policy-tests/authz/${names.name}_test.rego`]: test(names),
    [`policy-tests/cases/authz/${names.name}.json`]: cases(names),
  }
  const taken = Object.keys(files).filter((path) => existsSync(join(ROOT, path)))
  if (taken.length > 0) {
    process.stderr.write(`${taken.map((path) => `${path}: is there already`).join('\n')}\n`)
    return 1
  }
  const registry = join(ROOT, 'src/policy-engine/contract/index.ts')
  await writeFile(registry, register(await readFile(registry, 'utf8'), names))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true })
    await writeFile(join(ROOT, path), text)
    console.log(`wrote ${path}`)
  }
  console.log(
    `Next: write the facts and the rule, ask it in ${names.askedBy}, give that a row in src/auth/rows/;\nthen make format bundles check test, which names what else is missing.`,
  )
  return 0
}
