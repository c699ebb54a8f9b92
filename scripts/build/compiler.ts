/** OPA's compiler: found in `$OPA`, `.toolchain/opa` or on PATH, and only ever of the one version whose output is committed. */
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BuildError } from './build-error.ts'

export const COMPILER_VERSION = '1.22.2'
export const REPOSITORY = join(import.meta.dirname, '../..')

export interface Compiler {
  readonly path: string
  /** Killed when `signal` aborts; the outcome then says nothing. */
  run(args: readonly string[], cwd: string, signal?: AbortSignal): Promise<Outcome>
}

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Throws BuildError when there is no fit compiler: what to run then is its one line. */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  if (env.OPA) {
    // It is run in other folders than this one.
    const wanted = env.OPA.includes('/') ? resolve(env.OPA) : env.OPA
    if (await isFit(wanted)) return compiler(wanted)
    throw new BuildError(`$OPA is not OPA ${COMPILER_VERSION} with WebAssembly: ${wanted}`)
  }
  const local = join(REPOSITORY, '.toolchain/opa')
  if (await access(local).then(() => isFit(local), no)) return compiler(local)
  if (await isFit('opa')) return compiler('opa')
  throw new BuildError(`OPA ${COMPILER_VERSION}, the policy compiler, is not here: run make .toolchain/opa`)
}

const no = () => false

async function isFit(path: string): Promise<boolean> {
  const { code, stdout } = await execute(path, ['version'], process.cwd())
  return code === 0 && stdout.includes(`Version: ${COMPILER_VERSION}\n`) && stdout.includes('WebAssembly: available')
}

const compiler = (path: string): Compiler => ({ path, run: (args, cwd, signal) => execute(path, args, cwd, signal) })

function execute(path: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(path, args, { cwd, maxBuffer: 64 * 1024 * 1024, ...(signal && { signal }) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127
      resolve({ code, stdout, stderr: stderr || (code === 127 ? (error?.message ?? '') : '') })
    })
  })
}
