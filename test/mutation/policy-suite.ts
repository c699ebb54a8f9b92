/** Runs the policy tests that judge one file, with that file replaced: by name of the decision, or all for the library. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Compiler, findCompiler } from '../../scripts/build/compiler.ts'
import { type Mutant, mutantsOf } from './mutants.ts'

/** `compiler`: the mutant does not compile, because what was removed binds a variable. */
export type Fate = 'failed' | 'compiler' | 'survived'

export interface PolicySuite {
  readonly files: readonly string[]
  read(file: string): Promise<string>
  mutants(file: string): Promise<Mutant[]>
  /** What happens to `file` when it reads `source`. */
  fateOf(file: string, source: string): Promise<Fate>
  close(): Promise<void>
}

/** `root` holds `policies/` and `policy-tests/`. */
export async function openPolicySuite(root: string): Promise<PolicySuite> {
  const compiler: Compiler = await findCompiler()
  const entries = await readdir(join(root, 'policies'), { recursive: true })
  const files = entries
    .filter((path) => path.endsWith('.rego'))
    .map((path) => `policies/${path}`)
    .sort()
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-mutants-'))
  let count = 0
  const read = (file: string) => readFile(join(root, file), 'utf8')

  return {
    files,
    read,
    mutants: async (file) => mutantsOf(file, await read(file), root, compiler),
    fateOf: async (file, source) => {
      const mutated = join(scratch, `${count++}.rego`)
      await writeFile(mutated, source)
      const judged = file.startsWith('policies/lib/') ? files : [file]
      const policies = files.filter((path) => path !== file && (judged.includes(path) || isReadBy(file, path)))
      const args = [
        'test',
        '--format',
        'json',
        mutated,
        ...policies,
        ...testsOf(judged),
        'rbac:policies/rbac/data.yaml',
      ]
      const { code, stdout } = await compiler.run(args, root)
      await rm(mutated)
      return code === 0 ? 'survived' : stdout.trimStart().startsWith('[') ? 'failed' : 'compiler'
    },
    close: () => rm(scratch, { recursive: true, force: true }),
  }
}

/** The library is for all; the files of `system/log` are one package, and its line reads the two others. */
const isReadBy = (file: string, path: string): boolean =>
  path.startsWith('policies/lib/') || (file.startsWith('policies/system/log/') && dirname(path) === dirname(file))

/** A test and its table lie where the policy lies, under other roots. */
function testsOf(policies: readonly string[]): string[] {
  const tested = policies.filter((path) => !path.startsWith('policies/lib/'))
  return [
    'policy-tests/tables.rego',
    ...tested.flatMap((path) => {
      const name = path.slice('policies/'.length, -'.rego'.length)
      const place = `cases/${name}`.split('/').slice(0, -1).join('.')
      return [`policy-tests/${name}_test.rego`, `${place}:policy-tests/cases/${name}.json`]
    }),
  ]
}
