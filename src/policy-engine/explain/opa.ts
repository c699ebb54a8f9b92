/**
 * Runs OPA's own interpreter on sources, in a process of its own: no environment, no network, bounded in time, in output, and
 * in how many run at once.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'

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
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.byteLength
      if (length > MAX_OUTPUT_BYTES) return end('it is too long')
      chunks.push(chunk)
    })
    // It may end before it has read all: its exit says so.
    child.stdin.on('error', () => {})
    child.once('error', () => reject(new ExplainFailed('OPA cannot be run')))
    child.once('close', (code) => {
      clearTimeout(late)
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new ExplainFailed('OPA cannot evaluate the sources'))
    })
    child.stdin.end(input)
  })
}
