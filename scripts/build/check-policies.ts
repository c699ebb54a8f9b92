/** What must hold before anything is compiled: format, types against the contract, and nothing slipped into our packages. */
import { BuildError } from './build-error.ts'
import type { Compiler } from './compiler.ts'
import { shownPath } from './source-files.ts'
import type { Stage } from './stage.ts'

/** One way to write it: `opa fmt`. It lists files only, so the line is the first that it would write otherwise. */
export async function checkFormat(stage: Stage, compiler: Compiler): Promise<void> {
  const folders = [...new Set([...stage.files.keys()].map((path) => path.split('/')[0] ?? ''))]
  const { code, stdout, stderr } = await compiler.run(['fmt', '--list', ...folders], stage.root)
  if (code !== 0) throw new BuildError(stage.errors(stderr || stdout))
  const listed = stdout.split('\n').filter((path) => path !== '')
  const problems = listed.map(async (path) => {
    const { stdout: formatted } = await compiler.run(['fmt', path], stage.root)
    const wanted = formatted.split('\n')
    const found = Buffer.from(await stage.read(path))
      .toString()
      .split('\n')
    const line = found.findIndex((text, at) => text !== wanted[at]) + 1
    return stage.relocate(`${path}:${line || found.length}: not formatted: run opa fmt --write on it`)
  })
  if (problems.length > 0) throw new BuildError(...(await Promise.all(problems)))
}

/** `opa check --strict --schema`: a typo in a field's name is an error, and so is a built-in that the host lacks. */
export async function checkTypes(stage: Stage, compiler: Compiler): Promise<void> {
  const options = ['--strict', '--schema', 'schemas', '--capabilities', 'capabilities.json']
  const { code, stdout, stderr } = await compiler.run(['check', ...options, 'policies'], stage.root)
  if (code !== 0) throw new BuildError(stage.errors(stderr || stdout))
}

/**
 * Files that the user adds may not join one of our packages, nor one above: packages merge, and a rule more can only
 * widen `allow`. To change a decision is to replace its file, in full view.
 */
export async function checkAdded(stage: Stage, added: readonly string[], compiler: Compiler): Promise<void> {
  const policies = [...stage.files.keys()].filter((path) => path.startsWith('policies/') && path.endsWith('.rego'))
  const newcomers = policies.filter((path) => added.includes(path))
  if (newcomers.length === 0) return
  const ours = await Promise.all(
    policies.filter((path) => !newcomers.includes(path)).map((path) => packageOf(stage, path, compiler)),
  )
  for (const path of newcomers) {
    const name = await packageOf(stage, path, compiler)
    const joined = ours.find((owned) => owned === name || owned.startsWith(`${name}.`))
    if (joined !== undefined) {
      const shown = shownPath(stage.files.get(path) ?? path)
      throw new BuildError(`${shown}: package ${name} belongs to the platform: replace one of its files instead`)
    }
  }
}

async function packageOf(stage: Stage, path: string, compiler: Compiler): Promise<string> {
  const { code, stdout, stderr } = await compiler.run(['parse', '--format', 'json', path], stage.root)
  if (code !== 0) throw new BuildError(stage.errors(stderr))
  const parsed: { package: { path: { value: string }[] } } = JSON.parse(stdout)
  return parsed.package.path
    .slice(1)
    .map(({ value }) => value)
    .join('.')
}
