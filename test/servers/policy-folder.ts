/** For tests: a copy of the policies that may be edited, compiled by the build's own steps, or watched by its own watcher. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { checkTypes } from '../../scripts/build/check-policies.ts'
import { compileBundle } from '../../scripts/build/compile-bundle.ts'
import { findCompiler } from '../../scripts/build/compiler.ts'
import { findSources } from '../../scripts/build/source-files.ts'
import { stageSources } from '../../scripts/build/stage.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { type BundleDesk, KEY_ID, type WayToWrite } from './bundle-desk.ts'
import { until } from './until.ts'

/** What stands in a file and what shall stand there. */
export interface Edit {
  /** Below `policies/`. */
  readonly file: string
  readonly from: string | RegExp
  readonly to: string
}

export interface PolicyFolder {
  readonly folder: string
  /** Throws where the text to be replaced is not there. */
  edit(edit: Edit, way?: WayToWrite): void
  /** A policy or data of its own, beside the copied ones; below `policies/`. */
  add(file: string, text: string): void
  /** Back to the repository's text. */
  restore(): void
  /** Checked and compiled; its tests are left out, since hardly an edit passes them. */
  compile(): Promise<BundleFiles>
  remove(): void
}

export function copyPolicies(): PolicyFolder {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'))
  const copy = () => {
    for (const name of ['policies', 'policy-tests']) cpSync(resolve(name), join(folder, name), { recursive: true })
  }
  copy()
  return {
    folder,
    edit({ file, from, to }, way = 'rename') {
      const path = join(folder, 'policies', file)
      const before = readFileSync(path, 'utf8')
      // A function, so that `$` in Rego stays what it is.
      const after = before.replace(from, () => to)
      if (after === before) throw new Error(`${file} holds no ${from}`)
      const target = way === 'rename' ? `${path}.new` : path
      writeFileSync(target, after)
      if (way === 'rename') renameSync(target, path)
    },
    add(file, text) {
      const path = join(folder, 'policies', file)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    },
    restore: copy,
    async compile() {
      const compiler = await findCompiler()
      const { files } = await findSources({ folder, replace: true })
      const stage = await stageSources(files, compiler)
      try {
        await checkTypes(stage, compiler)
        return (await compileBundle(stage, compiler)).files
      } finally {
        await stage.remove()
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export interface PolicyWatcher {
  /** What it printed so far. */
  readonly said: string
  stop(): Promise<void>
}

/** The watcher of `make run` on this folder: each save is built, signed, and put where the service watches. */
export async function watchPolicies(policies: PolicyFolder, desk: BundleDesk): Promise<PolicyWatcher> {
  const words = [policies.folder, '--replace', '--watch', '--activate-first']
  const signer = ['--sign-key', desk.privateKeyFile, '--key-id', KEY_ID, '--out', desk.path]
  const child: ChildProcess = spawn(process.execPath, [resolve('scripts/build-bundles.ts'), ...words, ...signer])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  try {
    await until(async () => said.includes('watching policies/'), 'the policies are watched', 60_000)
  } catch (cause) {
    await stop()
    throw new Error(said, { cause })
  }
  return {
    get said() {
      return said
    },
    stop,
  }
}
