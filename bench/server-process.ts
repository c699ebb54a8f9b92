/** A measured process: started, waited for, read through /proc (all its threads), and ended. Linux only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { request } from 'undici'

const READY_WITHIN_MS = 30_000
const ENDS_WITHIN_MS = 5000
const OUTPUT_KEPT = 20_000

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export interface Start {
  readonly name: string
  /** In place of this Node. */
  readonly command?: string
  /** Its output goes there, as a log on disk does; else it is kept for a failure's message. */
  readonly outputFile?: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Answers 200 as soon as the server is ready. */
  readonly readyUrl: string
}

export interface ServerProcess {
  readonly pid: number
  /** From the moment of spawning to the first 200. */
  readonly readyMs: number
  /** User and system time of all threads. */
  cpuSeconds(): number
  /** Resident memory now. */
  residentBytes(): number
  /** What it printed lately, for a failure's message. */
  output(): string
  stop(): Promise<void>
}

async function answers(url: string): Promise<boolean> {
  try {
    const reply = await request(url, { headersTimeout: 2000, bodyTimeout: 2000, reset: true })
    await reply.body.dump()
    return reply.statusCode === 200
  } catch {
    return false
  }
}

async function becomesReady(child: ChildProcess, url: string, startedAt: number): Promise<number> {
  while (performance.now() - startedAt < READY_WITHIN_MS) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended before it was ready')
    if (await answers(url)) return performance.now() - startedAt
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`no 200 from ${url} within ${READY_WITHIN_MS} ms`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS)
  await ended
  clearTimeout(hard)
}

/** User and system time of all threads of a process. */
export function cpuSecondsOf(pid: number): number {
  // proc(5): after the command's closing parenthesis, utime and stime are the 12th and 13th field.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Starts a server, with this Node where no other command is named, and waits until it is ready; throws with its output when it does not get there. */
export async function startServer(start: Start): Promise<ServerProcess> {
  const startedAt = performance.now()
  const output = start.outputFile === undefined ? 'pipe' : openSync(start.outputFile, 'a')
  const child = spawn(start.command ?? process.execPath, start.args, {
    cwd: start.cwd,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...start.env },
    stdio: ['ignore', output, 'pipe'],
  })
  if (typeof output === 'number') closeSync(output)
  let printed = ''
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-OUTPUT_KEPT)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  try {
    const readyMs = await becomesReady(child, start.readyUrl, startedAt)
    return handle(child, readyMs, () => printed)
  } catch (cause) {
    await end(child)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${start.name} does not start: ${reason}\n${printed}`, { cause })
  }
}

function handle(child: ChildProcess, readyMs: number, output: () => string): ServerProcess {
  const pid = child.pid ?? 0
  return {
    pid,
    readyMs,
    output,
    stop: () => end(child),
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes() {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      if (kib === undefined) throw new Error(`no VmRSS for process ${pid}`)
      return Number(kib) * 1024
    },
  }
}
