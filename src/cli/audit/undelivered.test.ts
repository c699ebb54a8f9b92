/** What was given up, found by the real command in the files that the service writes. */
import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAudit } from '../../audit/audit.ts'
import type { AuditEvent } from '../../audit/events.ts'
import { notDelivered } from '../../auth/signals/fan-out.ts'
import type { Receiver } from '../../auth/signals/receivers.ts'
import { ManualClock } from '../../storage/conformance/subject.ts'
import type { OutboxTask } from '../../storage/outbox-port.ts'

const MAIN = join(import.meta.dirname, '../../main.ts')
const folder = mkdtempSync(join(tmpdir(), 'undelivered-'))
const clock = new ManualClock()
const timeAt = (ms: number) => new Date(ms).toISOString()
const begun = clock.nowMs()
afterAll(() => rmSync(folder, { recursive: true }))

const siem: Receiver = {
  kind: 'webhook',
  name: 'siem',
  url: new URL('https://siem.example/hook?token=canary'),
  secrets: [],
}
const crm: Receiver = { kind: 'stream', name: 'crm', clientId: 'crm', delivery: { method: 'poll' } }
const task = (id: string, name: string): OutboxTask => ({
  v: 1,
  id,
  event: { id, name, at: 1, sub: 'ada', requestId: `request-${id}` },
  attempts: 3,
  createdAt: 1,
  expiresAt: 2,
})

async function write(name: string, ...events: AuditEvent[]): Promise<void> {
  const log = openAudit(join(folder, name), { clock })
  for (const event of events) {
    await log.audit(event)
    clock.advance(60)
  }
  await log.close()
}

beforeAll(async () => {
  await write('older.jsonl', notDelivered('default', siem, task('a', 'sign_in'), 'refused'))
  writeFileSync(
    join(folder, 'audit.2026-11-28T00-00-00Z.jsonl.gz'),
    gzipSync(readFileSync(join(folder, 'older.jsonl'))),
  )
  rmSync(join(folder, 'older.jsonl'))
  await write(
    'audit.jsonl',
    { event: 'sign_in', tenant: 'default', sub: 'ada', detail: 'signal_not_delivered' },
    notDelivered('default', crm, task('b', 'session_ended'), 'too_old'),
    { event: 'logout_not_delivered', tenant: 'default', client_id: 'shop', sub: 'ada', detail: 'timeout' },
  )
  writeFileSync(join(folder, 'decisions-auth.jsonl'), '{"event":"signal_not_delivered","resource":"webhook:x:y:z"}\n')
})

const ALL = [
  { time: timeAt(begun), why: 'refused', request_id: 'request-a', receiver: 'webhook:siem', event: 'sign_in', id: 'a' },
  {
    time: timeAt(begun + 120_000),
    why: 'too_old',
    request_id: 'request-b',
    receiver: 'stream:crm',
    event: 'session_ended',
    id: 'b',
  },
  { time: timeAt(begun + 180_000), why: 'timeout', receiver: 'logout:shop', event: 'logout' },
]

const run = (...words: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH }, timeout: 20_000 }
    execFile(process.execPath, [MAIN, 'audit', 'undelivered', ...words], options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    )
  })
const found = async (...words: string[]) => JSON.parse((await run(...words, '--json')).out)

test('tells when, to whom, which event and why, the oldest first, of rotated and compressed files too', async () => {
  expect(await found(folder)).toEqual(ALL)
  const { code, out, err } = await run(folder)
  expect([code, err]).toEqual([0, ''])
  const rows = out
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/))
  expect(rows).toEqual([
    ['time', 'receiver', 'event', 'why', 'id', 'request_id'],
    ...ALL.map(({ time, receiver, event, why, ...more }) => [
      time,
      receiver,
      event,
      why,
      ...Object.values(more).toReversed(),
    ]),
  ])
  expect(out).not.toMatch(/ada|canary/)
})

test('tells what was given up since a time, and that there is nothing', async () => {
  expect(await found(folder, '--since', timeAt(begun + 120_000))).toEqual(ALL.slice(1))
  expect((await run(folder, '--since', timeAt(begun + 240_000))).out).toBe('nothing was given up\n')
  const { code, err } = await run(folder, '--since', 'yesterday')
  expect(code).toBe(2)
  expect(err).toContain('--since takes a time')
})

test('looks into the configured logs where none is named', async () => {
  writeFileSync(join(folder, 'sallyport.yaml'), `log:\n  directory: ${folder}\n`)
  expect(await found('--config', 'sallyport.yaml')).toEqual(ALL)
})

test('says that lines cannot be read, and goes on', async () => {
  appendFileSync(join(folder, 'audit.jsonl'), '{"event":"signal_not_delivered","resou\n{"event":"sig')
  const { code, out, err } = await run(folder, '--json')
  expect([code, JSON.parse(out)]).toEqual([0, ALL])
  expect(err).toContain('2 lines are no JSON')
})
