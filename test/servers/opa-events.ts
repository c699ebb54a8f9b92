/** For tests: a strict reader of OPA's decision logs, made of OPA's own EventV1. Built once from `tools/opa-events`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SOURCE = `${ROOT}tools/opa-events/main.go`
const BINARY = `${ROOT}.toolchain/opa-events`

export interface StrictlyRead {
  readonly read: number
  /** What it says of each event that it refuses. */
  readonly refused: readonly string[]
}

/** Events as JSON texts. */
export function readStrictly(events: readonly string[]): StrictlyRead {
  const { stdout } = spawnSync(readerBinary(), {
    input: events.join('\n'),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const lines = stdout.trimEnd().split('\n')
  const read = Number(/^read (\d+) refused \d+$/.exec(lines.pop() ?? '')?.[1])
  return { read, refused: lines }
}

function readerBinary(): string {
  const built = modified(BINARY)
  if (built > modified(SOURCE) && built > modified(`${ROOT}tools/go.mod`)) return BINARY
  const go = execFileSync('sh', [`${ROOT}scripts/toolchain/go.sh`], { encoding: 'utf8' }).trim()
  mkdirSync(`${ROOT}.toolchain`, { recursive: true })
  const fresh = `${BINARY}.${process.pid}`
  execFileSync(go, ['build', '-trimpath', '-o', fresh, './opa-events'], {
    cwd: `${ROOT}tools`,
    env: { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' },
  })
  renameSync(fresh, BINARY)
  return BINARY
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
