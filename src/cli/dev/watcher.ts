/**
 * Rebuilds the bundle on every save of a policy, in a child process. Where no compiler is there yet it is fetched first,
 * in the background, and a save before that is answered by a line that says so.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { watch } from 'chokidar'
import { DEV_KEY_ID, type DevState } from './state.ts'

export interface Watcher {
  close(): Promise<void>
}

export interface WatcherOptions {
  /** The repository: `policies/`, `scripts/`, `.toolchain/`. */
  readonly root: string
  readonly state: DevState
  readonly say: (line: string) => void
}

export function startWatcher(options: WatcherOptions): Watcher {
  const { root, say } = options
  const stopped = new AbortController()
  const children = new Set<ChildProcess>()
  // Each in a process group of its own, so that what it starts itself ends with it.
  const start = (command: string, words: readonly string[], output: 'inherit' | 'pipe') => {
    const child = spawn(command, words, { cwd: root, stdio: ['pipe', output, output], detached: true })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }
  const build = () => {
    if (stopped.signal.aborted) return
    const child = start(process.execPath, buildWords(options), 'inherit')
    child.once('exit', (code) => {
      if (!stopped.signal.aborted) say(`the policy watcher ended (${code ?? 'killed'}); restart to edit policies`)
    })
  }
  if (existsSync(join(root, '.toolchain/opa'))) build()
  else fetchCompiler(options, start('sh', ['scripts/toolchain/opa.sh'], 'pipe'), stopped.signal, build)
  return {
    async close() {
      stopped.abort()
      await Promise.all([...children].map(ended))
    },
  }
}

const buildWords = ({ root, state }: WatcherOptions): readonly string[] => [
  '--import',
  new URL('./end-with-parent.ts', import.meta.url).href,
  join(root, 'scripts/build-bundles.ts'),
  '--watch',
  '--activate-first',
  '--sign-key',
  state.privateKeyFile,
  '--key-id',
  DEV_KEY_ID,
  '--out',
  state.bundleFile,
]

function fetchCompiler(options: WatcherOptions, child: ChildProcess, stopped: AbortSignal, done: () => void): void {
  const { root, say } = options
  const saves = watch(join(root, 'policies'), { ignoreInitial: true })
  saves.on('all', () => say('the compiler is being built; this edit is taken up as soon as it is there'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4096)
  })
  child.once('exit', async (code) => {
    await saves.close()
    if (stopped.aborted) return
    if (code === 0) return done()
    say(`edits of policies are not taken up, the compiler could not be had: ${said.trim().split('\n').at(-1) ?? ''}`)
  })
}

const END_MS = 3000

/** Asked first, killed when it does not end. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  signalGroup(child, 'SIGTERM')
  const killing = setTimeout(() => signalGroup(child, 'SIGKILL'), END_MS)
  await exit
  clearTimeout(killing)
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It ended by itself in the meantime.
  }
}
