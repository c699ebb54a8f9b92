/** For tests: OPA's own server on the sources of a fixture, as the oracle of what a request answers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FixtureSource } from '../bundle/bundle-fixture.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')
const READY_WITHIN_MS = 20_000

export interface OpaServer {
  readonly port: number
  close(): Promise<void>
}

/** With decision logs, so that it names decisions as we do. */
export async function startOpa(source: FixtureSource, args: readonly string[] = []): Promise<OpaServer> {
  const folder = mkdtempSync(join(tmpdir(), 'opa-server-'))
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  for (const [name, text] of Object.entries(source.rego)) write(name, text)
  write('data.json', JSON.stringify(source.data ?? {}))
  write('.manifest', JSON.stringify({ roots: source.roots, revision: 'r1' }))
  const port = await freePort()
  const child = spawn(
    OPA,
    [
      ...['run', '--server', '--addr', `127.0.0.1:${port}`, '--disable-telemetry', '--log-level', 'error'],
      ...['--set', 'decision_logs.console=true', ...args, '--bundle', folder],
    ],
    { stdio: 'ignore' },
  )
  const close = async () => {
    await ended(child)
    rmSync(folder, { recursive: true })
  }
  try {
    await ready(port, child)
  } catch (error) {
    await close()
    throw error
  }
  return { port, close }
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS
  while (performance.now() < until && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/health?bundles`).catch(() => undefined)
    if (answer?.status === 200) return
    await delay(20)
  }
  throw new Error('OPA does not start')
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGTERM')
  await exit
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done))
  const address = probe.address()
  await new Promise((done) => probe.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}
