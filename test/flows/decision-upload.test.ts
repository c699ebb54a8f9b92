/**
 * Upload of the decisions of a real instance to a service that flaps, and whose process is killed in the middle of its work:
 * what was answered is in the service, and nothing is in it that OPA's own reader would refuse.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type LogSink, startLogSink } from '../servers/log-sink.ts'
import { readStrictly } from '../servers/opa-events.ts'
import { adminToken } from '../servers/provision.ts'
import type { Sallyport } from '../servers/sallyport.ts'
import { until } from '../servers/until.ts'

let sink: LogSink
let deployment: Deployment
let running: Sallyport
const answered = new Set<string>()

beforeAll(async () => {
  sink = await startLogSink()
  deployment = await deploy('one-process', {
    settings: {
      services: [{ name: 'sink', url: sink.url }] as unknown as object,
      log: {
        upload: { service: 'sink', resource: 'logs/a', min_delay_seconds: 0.05, max_delay_seconds: 0.2 },
        rotate_bytes: 64 * 1024,
        budget_bytes: 4 * 1024 * 1024,
        stdout: true,
      },
    },
  })
  running = deployment.auth
})
afterAll(async () => {
  await deployment?.stop()
  await sink?.stop()
})

/** Asks without end over several connections; what was answered is noted when the answer is here, whole. */
function startAsking(): { stop(): Promise<void> } {
  let stopped = false
  const ask = async (): Promise<void> => {
    while (!stopped) {
      try {
        const answer = await deployment.askPolicy('/v1/data/rbac/roles', { method: 'POST', body: '{"input":{"a":1}}' })
        const { decision_id: id } = (await answer.json()) as { decision_id?: string }
        if (answer.status === 200 && id !== undefined) answered.add(id)
      } catch {
        // The process was killed; it comes back.
        await pause(20)
      }
    }
  }
  const asking = Array.from({ length: 8 }, ask)
  return {
    stop: async () => {
      stopped = true
      await Promise.all(asking)
    },
  }
}

const inSink = () => new Set(sink.decisionIds())
const missing = () => {
  const there = inSink()
  return [...answered].filter((id) => !there.has(id))
}
const logged = () =>
  readdirSync(join(deployment.folder, 'log'))
    .filter((name) => /^decisions-.*\.jsonl$/.test(name))
    .flatMap((name) => readFileSync(join(deployment.folder, 'log', name), 'utf8').split('\n'))

describe('decision log upload of a real instance (OPA, "Decision Logs")', () => {
  it('sends the decisions of both threads', async () => {
    await adminToken(deployment.issuer, deployment.population.admin)
    const batch = '{"inputs":{"a":{"x":1},"b":{"x":2}}}'
    await deployment.askPolicy('/v1/batch/data/rbac/roles', { method: 'POST', body: batch })
    await deployment.askPolicy('/v1/data/authz/token/decision', { method: 'POST', body: '{"input":{"no":"contract"}}' })
    await until(async () => {
      const nodes = sink.events().map((event) => JSON.parse(event).labels.node)
      return nodes.includes('auth') && nodes.includes('api')
    }, 'events of both threads')
    expect(sink.chunks.every(({ path }) => path === '/logs/a')).toBe(true)
  })

  it('loses no decision that was answered while the service flaps and the process is killed, three times over', async () => {
    for (const moods of [
      [500, 200, 'drop'],
      [429, 200, 503],
      ['lost', 200, 500],
    ] as const) {
      const asking = startAsking()
      const before = answered.size
      await until(async () => answered.size > before + 300, 'answers')
      sink.feel(...moods)
      await until(async () => answered.size > before + 600, 'more answers')
      running.process.kill('SIGKILL')
      await running.ended
      running = deployment.run('serve')
      await running.says(/ready in \d+ ms/)
      await until(async () => answered.size > before + 800, 'answers of the new process')
      await asking.stop()
      sink.feel(200)
    }
    await until(async () => missing().length === 0, 'every decision in the sink', 60_000)
    const cursor = join(deployment.folder, 'log', 'decisions-api.cursor')
    expect(existsSync(cursor)).toBe(true)
  })

  it('answers nothing that is in no file while the service is down, and sends it once it is back', async () => {
    await sink.shut()
    const asking = startAsking()
    const before = answered.size
    await until(async () => answered.size > before + 300, 'answers')
    await asking.stop()
    const there = inSink()
    const ids = new Set(logged().flatMap((line) => /"decision_id":"([^"]+)"/.exec(line)?.[1] ?? []))
    expect([...answered].filter((id) => !there.has(id) && !ids.has(id))).toEqual([])
    expect(missing().length).toBeGreaterThan(200)
    const metrics = await (await deployment.askPolicy('/metrics')).text()
    expect(metrics).toMatch(/^decision_logs_waiting_bytes\{node="api"\} [1-9]/m)
    const told = async () => (await deployment.status()).decision_logs
    await until(async () => (await told())?.code === 'decision_log_error', 'the status tells (OPA, "Status")')
    await sink.open()
    await until(async () => missing().length === 0, 'every decision in the sink', 60_000)
    await until(async () => (await told()) === undefined, 'the status tells no more')
  })

  it('sends nothing that OPA’s own reader refuses', () => {
    const events = [...new Set(sink.events())]
    expect(readStrictly(events)).toEqual({ read: events.length, refused: [] })
  })

  it('removed what was uploaded, and the trail is whole all the same', async () => {
    const files = () => readdirSync(join(deployment.folder, 'log'))
    const rotated = () => files().filter((name) => /^decisions-api\..+\.jsonl$/.test(name))
    await until(async () => rotated().length < 2, 'removed files')
    const process = deployment.run('audit', 'verify')
    expect([await process.ended, process.said]).toEqual([0, expect.stringContaining('was removed by the service')])
  })

  it('told every decision on standard output as well, in lines that the strict reader takes', async () => {
    const said = () => running.said.split('\n').filter((line) => line.startsWith('{"labels":'))
    await until(async () => said().length > 200, 'decisions on standard output')
    expect(readStrictly(said())).toMatchObject({ refused: [] })
  })

  it('decides nothing once its room is used up by what the service does not take, and goes on when it does', async () => {
    await running.stop()
    running = deployment.run('serve', '--set', 'log.budget_bytes=262144')
    await running.says(/ready in \d+ ms/)
    await sink.shut()
    const ask = async () =>
      (await deployment.askPolicy('/v1/data/rbac/roles', { method: 'POST', body: '{"input":1}' })).status
    await until(async () => (await ask()) === 503, 'no room', 60_000)
    await sink.open()
    await until(async () => (await ask()) === 200, 'room again', 60_000)
    const process = deployment.run('audit', 'verify')
    expect([await process.ended, process.said]).toEqual([0, expect.stringContaining('nothing was changed')])
  })

  it('answers all the same where the log may have gaps, and tells by chain, metric and verification how many lines are missing', async () => {
    await running.stop()
    running = deployment.run('serve', '--set', 'log.budget_bytes=262144', '--set', 'log.when_full=gap')
    await running.says(/ready in \d+ ms/)
    const ask = async () => {
      const answer = await deployment.askPolicy('/v1/data/rbac/roles', { method: 'POST', body: '{"input":"gap"}' })
      expect(answer.status).toBe(200)
    }
    const lost = async () => {
      const metrics = await (await deployment.askPolicy('/metrics')).text()
      const name = 'decision_logs_dropped_buffer_size_limit_bytes_exceeded'
      return Number(new RegExp(`^${name}\\{node="api"\\} (\\d+)`, 'm').exec(metrics)?.[1] ?? 0)
    }
    const gapsIn = () =>
      logged().flatMap((line) => /"record":"gap".*"state":"ended","lines":(\d+)/.exec(line)?.[1] ?? [])
    await sink.shut()
    const full = async () => {
      await Promise.all(Array.from({ length: 20 }, ask))
      return (await lost()) > 10
    }
    await until(full, 'lines that had no room', 60_000)
    await sink.open()
    const told = async () => {
      await ask()
      return gapsIn().length > 0
    }
    await until(told, 'the end of the gap in the chain', 60_000)
    const sum = (counts: readonly unknown[]) => counts.reduce<number>((all, count) => all + Number(count), 0)
    expect(sum(gapsIn())).toBe(await lost())
    const process = deployment.run('audit', 'verify')
    expect([await process.ended, process.said]).toEqual([0, expect.stringContaining('nothing was changed')])
    const noted = [...process.said.matchAll(/(\d+) lines were not written for want of room/g)].map(([, count]) => count)
    expect(sum(noted)).toBe(await lost())
  })
})
