/** For tests: the `sallyport` command as a process of its own, with what it said, and an end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

export interface Sallyport {
  readonly process: ChildProcess
  /** Both outputs so far. */
  readonly said: string
  /** Resolves with the match; rejects when it ends or the deadline passes first. */
  says(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>
  /** Its exit code; 128 and more for a signal that it did not handle. */
  readonly ended: Promise<number>
  /** SIGTERM, then its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>
}

export interface SallyportOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** `src/main.ts` of another copy of the repository. */
  readonly main?: string
}

export function startSallyport(words: readonly string[], options: SallyportOptions): Sallyport {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env }
  const child = spawn(process.execPath, [options.main ?? MAIN, ...words], { cwd: options.cwd, env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  }
  let exit: number | undefined
  const ended = new Promise<number>((resolve) => {
    // Not 'close': a process that outlives it may hold the pipe.
    child.once('exit', (code, signal) => {
      exit = signal === null ? (code ?? -1) : 128
      resolve(exit)
    })
  })
  return {
    process: child,
    ended,
    get said() {
      return said
    },
    async says(pattern, deadlineMs = 60_000) {
      const deadline = Date.now() + deadlineMs
      for (;;) {
        const match = pattern.exec(said)
        if (match) return match
        if (exit !== undefined) throw new Error(`it ended with ${exit} before it said ${pattern}:\n${said}`)
        if (Date.now() > deadline) throw new Error(`it did not say ${pattern} in ${deadlineMs} ms:\n${said}`)
        await delay(20)
      }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}
