/** `Decide` over HTTP against the real service in a process of its own: verdicts, every failure closed, a hang ended. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../kernel/errors.ts'
import { createLogger } from '../../observability/logger.ts'
import { FIXTURE_KEYS, packFixture, SMALL } from '../bundle/bundle-fixture.ts'
import type { DecisionInput } from '../contract/index.ts'
import { POLICY_PROCESS, type PolicyProcessOptions } from '../process/policy-process-fixture.ts'
import { type Supervisor, supervise } from '../process/supervisor.ts'
import { askRevoke } from '../question-fixture.ts'
import { connectPolicy, type PolicyClient } from './client.ts'

const lines: string[] = []
const logger = createLogger({ destination: { write: (line) => lines.push(line) } })

/** Never 0: a signal to that ends the tests themselves. */
function pidOf({ pid }: Supervisor): number {
  if (pid === undefined) throw new Error('the policy service does not run')
  return pid
}

describe('policy service in a process of its own', () => {
  let folder: string
  let supervisor: Supervisor
  let client: PolicyClient
  let options: PolicyProcessOptions

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'policy-process-'))
    await writeFile(join(folder, 'bundle.tar.gz'), await packFixture(SMALL, 1))
    await writeFile(join(folder, 'token'), 'a-token-of-the-auth-service\n')
    options = {
      bundles: {
        platform: {
          path: join(folder, 'bundle.tar.gz'),
          keys: FIXTURE_KEYS,
          minimumVersion: 0,
          requiredEntrypoints: ['system/log/mask'],
          // It has no deadline, so that a thread can hang.
          engine: 'sdk',
        },
      },
      marksFile: join(folder, 'marks.json'),
      logDirectory: join(folder, 'logs'),
      logLevel: 'silent',
      version: '1.0.0',
      api: {
        host: '127.0.0.1',
        port: 0,
        credentials: [{ identity: 'auth-service', tokenFile: join(folder, 'token') }],
      },
    }
    supervisor = await supervise({ entry: POLICY_PROCESS, options, logger, heartbeatMs: 500 })
    // The port is kept over restarts by configuration; a free one was taken for the first start.
    await supervisor.close()
    options = { ...options, api: { ...options.api, port: supervisor.port } }
    supervisor = await supervise({ entry: POLICY_PROCESS, options, logger, heartbeatMs: 500 })
    const url = `http://127.0.0.1:${supervisor.port}`
    client = await connectPolicy({ url, tokenFile: join(folder, 'token'), deadlineMs: 5000, logger })
  })
  afterAll(async () => {
    await client.close()
    await supervisor.close()
    await rm(folder, { recursive: true })
  })
  const recovered = async () => {
    const verdict = () => client.decide('revoke', askRevoke('c1')).catch(() => undefined)
    await expect.poll(verdict, { interval: 20, timeout: 60_000 }).toBeDefined()
    return verdict()
  }

  it('decides, and names decision and revision under which the service logged it', async () => {
    const verdict = await client.decide('revoke', askRevoke('c1'), { requestId: 'r-1' })
    expect(verdict).toMatchObject({ allow: true, revision: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const log = await readFile(join(folder, 'logs', 'decisions-policy.jsonl'), 'utf8')
    expect(JSON.parse(log.trim().split('\n').at(-1) ?? '')).toMatchObject({
      decision_id: verdict.decisionId,
      custom: { request_id: 'r-1' },
      requested_by: 'auth-service',
      path: 'authz/revoke/decision',
    })
  })

  it.each([
    ['undefined', 'undefined'],
    ['trap', 'trap'],
    ['wrong', 'wrong_result'],
  ])('has no answer where the result is %s', async (id, reason) => {
    await expect(client.decide('revoke', askRevoke(id))).rejects.toMatchObject({ name: 'PolicyUnavailable', reason })
  })

  it('sends no input out of contract', async () => {
    const input = { ...askRevoke('c1'), extra: 1 } as DecisionInput<'revoke'>
    await expect(client.decide('revoke', input)).rejects.toMatchObject({ reason: 'wrong_input' })
  })

  it('has no answer from a service that hangs; its supervisor ends it, and answers come back by themselves', async () => {
    const pid = supervisor.pid
    const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
    const endless = { hay: 'a'.repeat(2_000_000), needle: `${'a'.repeat(1_000_000)}b` }
    const hung = fetch(`http://127.0.0.1:${supervisor.port}/v1/data/probe/spin`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ input: endless }),
    }).catch(() => 'gone')
    expect(await hung).toBe('gone')
    await expect(client.decide('revoke', askRevoke('c1'))).rejects.toMatchObject({ name: 'PolicyUnavailable' })
    expect(await recovered()).toMatchObject({ allow: true })
    expect(supervisor.pid).not.toBe(pid)
    expect(lines.join()).toContain('hangs and is killed')
  })

  it('starts a service that was killed again', async () => {
    const before = supervisor.restarts
    process.kill(pidOf(supervisor), 'SIGKILL')
    await expect.poll(() => supervisor.restarts, { timeout: 60_000 }).toBeGreaterThan(before)
    expect(await recovered()).toMatchObject({ allow: true })
  })

  it('says what to mend where the service may not start', async () => {
    const open = { ...options, api: { host: '0.0.0.0', port: 0 } }
    await expect(supervise({ entry: POLICY_PROCESS, options: open, logger })).rejects.toBeInstanceOf(ConfigError)
    const platform = { ...options.bundles.platform, keys: [] }
    const keyless = { ...options, api: { ...options.api, port: 0 }, bundles: { platform } }
    await expect(supervise({ entry: POLICY_PROCESS, options: keyless, logger })).rejects.toThrow(/trusted keys/)
  })
})

describe('policy client against a service that misbehaves', () => {
  let server: Server | undefined
  let client: PolicyClient | undefined
  afterEach(async () => {
    await client?.close()
    server?.closeAllConnections()
    server?.close()
  })
  const against = async (answer: (respond: (status: number, body: string) => void) => void, deadlineMs = 10_000) => {
    server = createServer((_request, response) =>
      answer((status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)),
    )
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    client = await connectPolicy({ url: `http://127.0.0.1:${port}`, deadlineMs, logger })
    return client.decide('revoke', askRevoke('c1'))
  }
  const provenance = { bundles: { b: { revision: 'r' } } }
  const result = { allow: true, reasons: [], obligations: { revoke: 'token' } }

  it.each<[string, number, string, string]>([
    ['503', 503, '{"code":"unavailable"}', 'unreachable'],
    ['401', 401, '{"code":"unauthorized"}', 'unreachable'],
    ['500', 500, '{"code":"internal_error"}', 'trap'],
    ['no JSON', 200, 'x', 'unreachable'],
    ['no result', 200, JSON.stringify({ decision_id: 'd', provenance }), 'undefined'],
    ['a bare boolean', 200, JSON.stringify({ result: true, decision_id: 'd', provenance }), 'wrong_result'],
    ['no decision id', 200, JSON.stringify({ result, provenance }), 'wrong_result'],
    ['no revision', 200, JSON.stringify({ result, decision_id: 'd' }), 'wrong_result'],
    ['too much', 200, JSON.stringify({ result, decision_id: 'd', provenance, x: 'x'.repeat(2 ** 21) }), 'unreachable'],
  ])('has no verdict from %s', async (_title, status, body, reason) => {
    await expect(against((respond) => respond(status, body))).rejects.toMatchObject({ reason })
  })

  it('gives up at its deadline', async () => {
    await expect(against(() => {}, 100)).rejects.toMatchObject({ reason: 'timeout' })
  })

  it('has no verdict where nothing listens', async () => {
    await against((respond) => respond(200, '{}')).catch(() => {})
    server?.closeAllConnections()
    await new Promise((done) => server?.close(done))
    await expect(client?.decide('revoke', askRevoke('c1'))).rejects.toMatchObject({ reason: 'unreachable' })
  })
})
