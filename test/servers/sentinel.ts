/** A real sentinel that watches one primary and fails over within a second or two; over TLS where the primary speaks it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import type { RedisServer } from './redis.ts'

export interface Sentinel {
  readonly node: string
  readonly name: string
  stop(): Promise<void>
}

export async function startSentinel(primary: RedisServer): Promise<Sentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sentinel-'))
  const [port, name, file] = [await freePort(), 'main', join(folder, 'sentinel.conf')]
  const { credentials, tls } = primary
  const lines = [
    tls ? `port 0\ntls-port ${port}\ntls-replication yes\ntls-auth-clients no` : `port ${port}`,
    tls ? `tls-cert-file ${tls.certFile}\ntls-key-file ${tls.keyFile}\ntls-ca-cert-file ${tls.caFile}` : '',
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
    credentials ? `sentinel auth-user ${name} ${credentials.username}` : '',
    credentials ? `sentinel auth-pass ${name} ${credentials.password}` : '',
  ]
  await writeFile(file, lines.join('\n'), { mode: 0o600 })
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  let output = ''
  for await (const chunk of child.stdout) {
    output += String(chunk)
    // It prints this once it knows the replica of the primary.
    if (output.includes('+slave')) break
  }
  return {
    node: `127.0.0.1:${port}`,
    name,
    stop: async () => {
      process.removeListener('exit', endWithUs)
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
