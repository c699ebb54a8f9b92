/** The pipeline from policies to a bundle: check, test, compile. Each step stops it, and says why with file and line. */
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { BuildError } from './build-error.ts'
import { checkAdded, checkFormat, checkTypes } from './check-policies.ts'
import { compileBundle } from './compile-bundle.ts'
import { type Compiler, findCompiler } from './compiler.ts'
import type { Optimization } from './optimization.ts'
import { checkRbacData } from './rbac-data.ts'
import { runTests, type TestReport } from './run-tests.ts'
import { findSources, type Sources } from './source-files.ts'
import { type Stage, stageSources } from './stage.ts'

export interface BuildOptions extends Sources {
  readonly compiler?: Compiler
  /** Kept in the manifest's metadata. */
  readonly commit?: string | undefined
  readonly optimization?: Optimization | undefined
  /** Called with the results, whether they pass or not. */
  readonly onTests?: (report: TestReport) => Promise<void> | void
  /**
   * Called with the bundle before the tests have run, which then stop nothing: for someone who edits and watches. The
   * format is not looked at.
   */
  readonly activate?: (built: BuiltBundle) => Promise<void>
  /** Cuts short the tests that follow `activate`: there is something newer to build. */
  readonly superseded?: AbortSignal
}

export interface BuiltBundle {
  /** Unsigned. */
  readonly files: BundleFiles
  readonly revision: string
}

/** Throws BuildError; a failing test is one too, after `activate` where that is given. */
export async function buildBundle(options: BuildOptions = {}): Promise<BuiltBundle> {
  const compiler = options.compiler ?? (await findCompiler())
  const { files, added } = await findSources(options)
  await checkRbacData(files)
  const stage = await stageSources(files, compiler, options.optimization)
  try {
    await checkAdded(stage, added, compiler)
    if (options.activate === undefined) await checkFormat(stage, compiler)
    await checkTypes(stage, compiler)
    if (options.activate === undefined) await test(stage, compiler, options)
    const built = await compileBundle(stage, compiler, options)
    if (options.activate !== undefined) {
      await options.activate(built)
      await test(stage, compiler, options)
    }
    return built
  } finally {
    await stage.remove()
  }
}

async function test(stage: Stage, compiler: Compiler, { onTests, activate, superseded }: BuildOptions): Promise<void> {
  const report = activate && superseded ? await runUntil(superseded, stage, compiler) : await runTests(stage, compiler)
  if (report === undefined) return
  await onTests?.(report)
  if (report.problems.length > 0) throw new BuildError(...report.problems)
}

/** Undefined where the tests were cut short. */
async function runUntil(superseded: AbortSignal, stage: Stage, compiler: Compiler): Promise<TestReport | undefined> {
  try {
    const stoppable = {
      ...compiler,
      run: (args: readonly string[], cwd: string) => compiler.run(args, cwd, superseded),
    }
    const report = await runTests(stage, stoppable)
    return superseded.aborted ? undefined : report
  } catch (cause) {
    if (superseded.aborted) return undefined
    throw cause
  }
}
