/** The redis-server of the rows whose name ends in `-redis`: both sides use it, each under keys of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, HOST } from './contender.ts'
import { cpuSecondsOf } from './server-process.ts'

export interface RedisAt {
  /** `host:port`. */
  readonly node: string
  readonly username: string
  readonly password: string
}

export interface BenchRedis extends RedisAt {
  /** Of the redis-server, whoever asked it. */
  cpuSeconds(): number
  stop(): Promise<void>
}

/** As an operator would run it for a provider: AUTH, and everything on disk once a second. */
export async function startBenchRedis(folder: string): Promise<BenchRedis> {
  const own = join(folder, 'redis')
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const [port, username, password] = [await freePort(), 'bench', randomBytes(24).toString('hex')]
  const lines = [
    `bind ${HOST}`,
    `port ${port}`,
    `dir ${own}`,
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'user default off ~* &* +@all',
    `user ${username} on >${password} ~* &* +@all`,
  ]
  writeFileSync(join(own, 'redis.conf'), lines.join('\n'), { mode: 0o600 })
  const child = spawn('redis-server', [join(own, 'redis.conf')], { stdio: ['ignore', 'pipe', 'inherit'] })
  await ready(child)
  const { pid = 0 } = child
  return {
    node: `${HOST}:${port}`,
    username,
    password,
    cpuSeconds: () => cpuSecondsOf(pid),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error('rows with Redis need redis-server: `make test-servers`', { cause })),
    )
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk
      if (output.includes('eady to accept connections')) resolve()
    })
  })
}
