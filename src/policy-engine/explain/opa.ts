/**
 * Runs OPA's own interpreter on sources, in a process of its own: no environment, no network, bounded in time, in memory (on
 * Linux), in output, and in how many run at once.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'

/** Why there is no explanation; its text is for the caller. */
export class ExplainFailed extends Error {
  override readonly name = 'ExplainFailed'
}

export interface OpaRun {
  readonly args: readonly string[]
  readonly folder: string
  /** For its standard input. */
  readonly input: string
}

const DEADLINE_MS = 5000
/** What is read is parsed on the thread that decides: some 10 ms for a mebibyte. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024
const AT_ONCE = 2
const MAX_MEMORY_BYTES = 256 * 1024 * 1024
/** A limit of Go's own would be soft, and stand in an environment that policies read. */
const MEMORY_LOOK_MS = 20
const PAGE_BYTES = 4096

export class Opa {
  readonly #file: string
  #running = 0

  constructor(file: string) {
    this.#file = file
  }

  get isPresent(): boolean {
    try {
      accessSync(this.#file, constants.X_OK)
      return true
    } catch {
      return false
    }
  }

  /** Its standard output. Throws ExplainFailed. */
  async run(run: OpaRun): Promise<string> {
    if (this.#running >= AT_ONCE) throw new ExplainFailed('others are being explained: ask again')
    this.#running += 1
    try {
      return await start(this.#file, run)
    } finally {
      this.#running -= 1
    }
  }
}

function start(file: string, { args, folder, input }: OpaRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, env: {}, stdio: ['pipe', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    let length = 0
    const end = (why: string) => {
      child.kill('SIGKILL')
      reject(new ExplainFailed(why))
    }
    const late = setTimeout(() => end('it takes too long'), DEADLINE_MS)
    const watch = setInterval(() => {
      if (residentBytes(child.pid) > MAX_MEMORY_BYTES) end('it takes too much memory')
    }, MEMORY_LOOK_MS)
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.byteLength
      if (length > MAX_OUTPUT_BYTES) return end('it is too long')
      chunks.push(chunk)
    })
    // It may end before it has read all: its exit says so.
    child.stdin.on('error', () => {})
    child.once('error', () => {
      clearInterval(watch)
      reject(new ExplainFailed('OPA cannot be run'))
    })
    child.once('close', (code) => {
      clearTimeout(late)
      clearInterval(watch)
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new ExplainFailed('OPA cannot evaluate the sources'))
    })
    child.stdin.end(input)
  })
}

/** 0 where the system does not tell (proc_pid_statm(5)), and once it has ended. Larger pages are taken for less. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
  } catch {
    return 0
  }
}
