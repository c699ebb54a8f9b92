/**
 * One demo at a time on one `var/`: a second would write other addresses into the credentials and the demo client, and break
 * the first. The lock names its process, so that one left behind by a killed demo is taken over.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/errors.ts'

interface Holder {
  readonly pid: number
  readonly port: number
}

/** Refuses where a demo runs; what it returns gives the lock back. */
export function lockState(folder: string, port: number): () => void {
  const file = join(folder, 'dev/running.json')
  const own = `${file}.${process.pid}`
  // Linked when it is whole: nobody reads a lock that names no process yet.
  writeFileSync(own, `${JSON.stringify({ pid: process.pid, port })}\n`, { mode: 0o600 })
  try {
    while (!linked(own, file)) {
      const holder = readHolder(file)
      if (holder && holder.pid !== process.pid && isAlive(holder.pid))
        throw new ConfigError(
          `a demo runs on ${folder} already: process ${holder.pid}, http://localhost:${holder.port}. End it, or start this one in another folder (if that process is no demo, remove ${file})`,
        )
      takeAway(file, own)
    }
  } finally {
    rmSync(own, { force: true })
  }
  return () => {
    if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true })
  }
}

function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Moved aside first: of two that find it stale, one moves it. What the other has put there meanwhile is put back. */
function takeAway(file: string, own: string): void {
  const aside = `${own}.stale`
  try {
    renameSync(file, aside)
    const moved = readHolder(aside)
    if (moved !== undefined && isAlive(moved.pid)) linked(aside, file)
    rmSync(aside, { force: true })
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const { pid, port }: Partial<Holder> = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid && pid > 0 ? { pid, port: port ?? 0 } : undefined
  } catch {
    // Gone in the meantime, or damaged: nobody who could be named holds it.
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process is alive too.
    return hasCode(error, 'EPERM')
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
