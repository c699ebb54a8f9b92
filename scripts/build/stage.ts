/**
 * The staged tree: sources, schemas and capabilities in one temporary folder. The compiler always runs there with the same
 * relative names, or the WASM bytes would depend on where the repository lies.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { RbacData } from '../../src/policy-engine/contract/rbac.ts'
import { LogEventInput, SystemAuthzInput } from '../../src/policy-engine/contract/system.ts'
import type { TSchema } from '../../src/schema/type.ts'
import { BuildError } from './build-error.ts'
import { lackedBuiltins } from './builtins.ts'
import type { Compiler } from './compiler.ts'
import { checkOptimizedRoots, type Optimization } from './optimization.ts'
import { type SourceFiles, shownPath } from './source-files.ts'

export interface Stage {
  readonly root: string
  readonly files: SourceFiles
  /** Text of the compiler's, with the names of the files as their authors know them. */
  relocate(text: string): string
  /** The same of its errors, without the count before them. */
  errors(text: string): string
  read(path: string): Promise<Uint8Array>
  remove(): Promise<void>
}

export async function stageSources(
  files: SourceFiles,
  compiler: Compiler,
  optimization?: Optimization,
): Promise<Stage> {
  const roots = rootsOf(files)
  if (optimization !== undefined) checkOptimizedRoots(optimization, roots)
  const root = await mkdtemp(join(tmpdir(), 'sallyport-build-'))
  const stage: Stage = {
    root,
    files,
    relocate: (text) => relocate(text, root, files),
    errors: (text) =>
      relocate(text, root, files)
        .trim()
        .replace(/^(error: )?\d+ errors? occurred( during loading)?:\s*/, ''),
    read: (path) => readFile(join(root, path)),
    remove: () => rm(root, { recursive: true, force: true }),
  }
  try {
    for (const [path, origin] of files) await place(root, path, (target) => copyFile(origin, target))
    for (const [name, schema] of schemas()) {
      await place(root, `schemas/${name}.json`, (target) => writeFile(target, JSON.stringify(schema)))
    }
    await mkdir(join(root, 'policy-tests'), { recursive: true })
    await place(root, 'policies/.manifest', (target) => writeFile(target, JSON.stringify({ roots })))
    await stageCapabilities(root, compiler)
    return stage
  } catch (cause) {
    await stage.remove()
    throw cause
  }
}

async function place(root: string, path: string, write: (target: string) => Promise<void>): Promise<void> {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true })
  await write(target)
}

/** `schema.<name with dots>` in a policy's METADATA. */
function schemas(): ReadonlyMap<string, TSchema> {
  return new Map<string, TSchema>([
    ...Object.values(DECISIONS).map(({ name, input }) => [`authz/${name}/input`, input] as const),
    ['data/rbac', RbacData],
    ['system/log', LogEventInput],
    ['system/authz', SystemAuthzInput],
  ])
}

/** Narrow, never "": a bundle that owns everything lets no other stand beside it. */
function rootsOf(files: SourceFiles): string[] {
  const tops = [...files.keys()].filter((path) => path.startsWith('policies/')).map((path) => path.split('/')[1] ?? '')
  return [...new Set(tops.map((top) => top.replace(/\.rego$/, '')))].sort()
}

/** Less the built-ins that the evaluating host lacks, so that their use fails here, with file and line. */
async function stageCapabilities(root: string, compiler: Compiler): Promise<void> {
  const { code, stdout, stderr } = await compiler.run(['capabilities', '--current'], root)
  if (code !== 0) throw new BuildError(stderr)
  const capabilities: { builtins: { name: string }[] } = JSON.parse(stdout)
  const lacked = lackedBuiltins()
  const builtins = capabilities.builtins.filter(({ name }) => !lacked.has(name))
  await writeFile(join(root, 'capabilities.json'), JSON.stringify({ ...capabilities, builtins }))
}

function relocate(text: string, root: string, files: SourceFiles): string {
  return text.replaceAll(`${root}/`, '').replaceAll(/\bpolic(?:ies|y-tests)\/[\w./-]+/g, (path) => {
    const origin = files.get(path)
    return origin === undefined ? path : shownPath(origin)
  })
}
