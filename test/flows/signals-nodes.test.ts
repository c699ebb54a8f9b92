/**
 * Security events on several nodes of one store, as real processes: each is told once, a dead receiver loses nothing of what
 * any node saw, and what a node did not live to send another one sends, or itself once it is started again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'
import { post } from './requests.ts'

let folder: string
let certificates: Certificates
let sink: EventSink

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signals-nodes-'))
  certificates = await makeCertificates(folder)
  writeFileSync(join(folder, 'secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`)
  sink = await startEventSink(certificates)
})
afterAll(async () => {
  await sink?.shut()
  rmSync(folder, { recursive: true })
})

const settings = () => ({
  egress: { clients: { allow: ['localhost'], ca_file: certificates.caFile } },
  security_events: {
    webhooks: [
      { name: 'siem', url: sink.url, secret_file: join(folder, 'secret'), events: ['client_authentication_failed'] },
    ],
  },
})

interface Told {
  readonly id: string
  readonly type: string
}
const told = (): Told[] => sink.kept.map(({ body }) => JSON.parse(body))
const ids = () => told().map(({ id }) => id)

/** As many events: somebody who does not know the client's secret. */
const failAt = (issuer: string, { web }: Deployment['population'], times: number) =>
  Promise.all(
    Array.from({ length: times }, () =>
      post({ issuer }, '/oauth/token', { id: web.id, secret: 'x'.repeat(43) }, { grant_type: 'client_credentials' }),
    ),
  )

describe('two nodes on one Redis', () => {
  let deployment: Deployment
  let nodes: readonly string[]

  beforeAll(async () => {
    deployment = await deploy('redis', { settings: settings(), redis: { appendOnly: true } })
    nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
  })
  afterAll(() => deployment?.stop())

  const left = async (queue: string) =>
    Number(await deployment.redis?.command('ZCARD', `sallyport:{default:outbox:${queue}}:due`))
  /** Redis names a queue with a colon by its digest. */
  const nothingLeft = async () => {
    const keys = (await deployment.redis?.command('KEYS', 'sallyport:{default:outbox:*:due')) ?? ''
    const queues = keys.split('\n').filter((key) => key !== '')
    const counts = await Promise.all(queues.map((key) => deployment.redis?.command('ZCARD', key)))
    return counts.every((count) => Number(count) === 0)
  }

  test('each event of either is told once', async () => {
    await Promise.all(nodes.map((node) => failAt(node, deployment.population, 15)))
    await until(async () => ids().length >= 30 && (await nothingLeft()), 'all are told')
    expect(ids()).toHaveLength(30)
    expect(new Set(ids()).size).toBe(30)
    expect(await left('events')).toBe(0)
  })

  test('a receiver that is dead while one node dies gets all of its events from the other', async () => {
    sink.kept.length = 0
    await sink.shut()
    await failAt(deployment.issuer, deployment.population, 10)
    await deployment.auth.stop('SIGKILL')
    await sink.open()
    await until(async () => new Set(ids()).size === 10, 'all are told', 90_000)
    await until(nothingLeft, 'nothing is left to do', 60_000)
  }, 180_000)
})

describe('one node on SQLite', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await deploy('one-process', { settings: settings() })
  })
  afterAll(() => deployment?.stop())

  test('what is given up is listed by the command line, from the log of the running instance', async () => {
    sink.feel(410)
    await failAt(deployment.issuer, deployment.population, 1)
    const said = () => deployment.audits().find(({ event }) => event === 'signal_not_delivered')
    await until(async () => said() !== undefined, 'it is given up')
    sink.feel(200)
    const command = deployment.run('audit', 'undelivered', '--json')
    expect(await command.ended).toBe(0)
    const { request_id, timestamp } = said() ?? {}
    expect(JSON.parse(command.said)).toEqual([
      {
        time: timestamp,
        receiver: 'webhook:siem',
        event: 'client_authentication_failed',
        id: expect.stringMatching(/^[\w-]+$/),
        why: 'gone',
        request_id,
      },
    ])
  })

  test('killed while it sends: what was not answered is sent again after the next start, under the same id', async () => {
    sink.kept.length = 0
    sink.feel('hang')
    const before = sink.asked
    await failAt(deployment.issuer, deployment.population, 3)
    await until(async () => sink.asked - before === 3, 'all three are under way')
    await deployment.auth.stop('SIGKILL')
    sink.feel(200)
    await deployment.run('serve').says(/ready in \d+ ms/)
    await until(async () => new Set(ids()).size === 3, 'all three are told', 90_000)
    expect(new Set(told().map(({ type }) => type))).toEqual(new Set(['client_authentication_failed']))
  }, 180_000)
})
