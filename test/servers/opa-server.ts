/** For tests: the real OPA as a server of its own, with what it said, and an end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

export const OPA = resolve(process.env.OPA ?? '.toolchain/opa')

export interface OpaServer {
  readonly origin: string
  /** Both outputs so far. */
  readonly said: string
  /** SIGSTOP hangs it, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void
  stop(): Promise<void>
}

export interface OpaServerOptions {
  readonly cwd: string
  /** After `run --server`: files, bundles, settings. */
  readonly args: readonly string[]
  /** Answers 200 once it serves; by default when its bundles are active. */
  readonly readyPath?: string
  /** Where another one stood; a free one by default. */
  readonly port?: number
}

export async function startOpaServer({
  cwd,
  args,
  readyPath = '/health?bundles',
  port: wanted,
}: OpaServerOptions): Promise<OpaServer> {
  const port = wanted ?? (await freePort())
  const origin = `http://127.0.0.1:${port}`
  const always = ['run', '--server', '--addr', `127.0.0.1:${port}`, '--disable-telemetry', '--log-level', 'error']
  const child = spawn(OPA, [...always, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  const ended = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM')
    // One that hangs hears nothing before it goes on.
    child.kill('SIGCONT')
    await ended
  }
  const serves = () =>
    fetch(`${origin}${readyPath}`).then(
      (answer) => answer.ok,
      () => false,
    )
  try {
    await until(async () => child.exitCode !== null || (await serves()), 'opa serves', 60_000)
    if (child.exitCode !== null) throw new Error(`opa ended with ${child.exitCode}`)
  } catch (cause) {
    await stop()
    throw new Error(said, { cause })
  }
  return {
    origin,
    get said() {
      return said
    },
    signal: (signal) => void child.kill(signal),
    stop,
  }
}
