/** Policies that ask other servers, in both shapes of a running service: `http.send` and `net.lookup_ip_addr`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { type BundleDesk, KEY_ID, openBundleDesk } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'

const REGO = (revision: string) => `package calls

ask := http.send({
	"method": "get",
	"url": input.url,
	"headers": {"authorization": "Bearer hunter2", "accept": "application/json"},
	"enable_redirect": true,
	"timeout": "30s",
})

default allow := false

allow if ask.body.allow

decision := {"allow": allow, "judged_by": "${revision}"}

addresses := net.lookup_ip_addr(input.name)
`

let folder: string
let desk: BundleDesk

/** Built with OPA's own command. */
async function files(revision: string): Promise<BundleFiles> {
  const source = mkdtempSync(join(folder, 'calls-'))
  mkdirSync(join(source, 'c'))
  writeFileSync(join(source, 'c/calls.rego'), REGO(revision))
  writeFileSync(join(source, 'c/.manifest'), JSON.stringify({ roots: ['calls'] }))
  const entrypoints = ['decision', 'ask', 'addresses'].flatMap((rule) => ['-e', `calls/${rule}`])
  const words = ['build', '-t', 'wasm', '-r', revision, ...entrypoints, '-b', 'c', '-o', 'out.tar.gz']
  const { status, stderr } = spawnSync(resolve('.toolchain/opa'), words, { cwd: source, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return readArchive(readFileSync(join(source, 'out.tar.gz')))
}

/** Paths asked of the other server, and those that wait to be answered. */
let asked: string[] = []
let held: (() => void)[] = []
const answer: RequestListener = ({ url = '', headers }, response) => {
  asked.push(url)
  const allow = headers.authorization === 'Bearer hunter2' && url !== '/deny'
  const go = () => response.setHeader('content-type', 'application/json').end(JSON.stringify({ allow }))
  if (url === '/metadata')
    return response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
  if (url === '/unlisted') {
    return response.writeHead(302, { location: `http://127.0.0.1:${portOf(unlisted)}/` }).end()
  }
  if (url !== '/held') return go()
  return held.push(go)
}
const portOf = (server: Server) => (server.address() as AddressInfo).port
const listed = createServer(answer)
const unlisted = createServer((request, response) => answer(request, response))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'policy-calls-'))
  for (const server of [listed, unlisted]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
afterAll(() => {
  for (const server of [listed, unlisted]) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  asked = []
  held = []
})

interface Answered {
  readonly decision_id: string
  readonly result?: unknown
  readonly provenance: { readonly bundles: Record<string, { readonly revision: string }> }
}

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  let deployment: Deployment
  beforeAll(async () => {
    mkdirSync(join(folder, shape))
    desk = openBundleDesk(join(folder, shape))
    await desk.publish(await files('calls-1'))
    const keys = [{ id: KEY_ID, key_file: desk.publicKeyFile, algorithm: 'ES256' }]
    deployment = await deploy(shape, {
      settings: {
        egress: { allow: [`127.0.0.1:${portOf(listed)}`, 'localhost:1'] },
        policy: { deadline_ms: 5000, bundles: [{ name: 'calls', path: desk.path, keys, minimum_version: 1 }] },
      },
    })
  })
  afterAll(() => deployment?.stop())

  const ask = (rule: string, input: unknown) =>
    deployment.askPolicy(`/v1/data/calls/${rule}?provenance`, { method: 'POST', body: JSON.stringify({ input }) })
  const decide = async (url: string): Promise<Answered> => {
    const reply = await ask('decision', { url })
    expect(reply.status).toBe(200)
    return (await reply.json()) as Answered
  }
  const at = (path: string) => `http://127.0.0.1:${portOf(listed)}${path}`
  const eventOf = async (id: string) => {
    const found = () => deployment.decisions().find((event) => event.decision_id === id)
    await expect.poll(found).toBeDefined()
    return found() as Readonly<Record<string, unknown>>
  }

  test('decide by what the other server says, asked once a decision', async () => {
    expect((await decide(at('/allow'))).result).toEqual({ allow: true, judged_by: 'calls-1' })
    expect((await decide(at('/deny'))).result).toEqual({ allow: false, judged_by: 'calls-1' })
    expect(asked).toEqual(['/allow', '/deny'])
  })

  test('leave what they were answered in the decision log, without credentials (OPA, "Decision Logs")', async () => {
    const { decision_id } = await decide(at('/allow?of=a'))
    const event = await eventOf(decision_id)
    const { 'http.send': calls = {} } = event.nd_builtin_cache as Record<string, Record<string, unknown>>
    const [[request = '', response] = []] = Object.entries(calls)
    expect(JSON.parse(request)).toMatchObject([
      { method: 'get', url: at('/allow?of=a'), headers: { authorization: '***' } },
    ])
    expect(response).toMatchObject({ status_code: 200, body: { allow: true } })
    expect(JSON.stringify(event)).not.toContain('hunter2')
  })

  test.each([
    ['the metadata of a cloud', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a loopback port that is not listed', () => `http://127.0.0.1:${portOf(unlisted)}/`],
    ['it by name', () => `http://localhost:${portOf(unlisted)}/`],
    ['it as one number', () => `http://2130706433:${portOf(unlisted)}/`],
    ['it in octal', () => `http://0177.0.0.1:${portOf(unlisted)}/`],
    ['it in IPv6', () => `http://[::ffff:127.0.0.1]:${portOf(unlisted)}/`],
    ['the policy service itself', () => `${deployment.policy}/v1/data`],
    ['a public address', () => 'http://192.0.2.1/'],
    ['a public host', () => 'https://example.com/'],
    ['the metadata by a redirect', () => at('/metadata')],
    ['a port by a redirect', () => at('/unlisted')],
    ['a file', () => 'file:///etc/passwd'],
    ['a socket', () => 'unix://localhost/?socket=%2Ftmp%2Fx'],
  ])('reach nothing that is not listed: %s (checklist 48)', async (_, url) => {
    expect((await decide(url())).result).toEqual({ allow: false, judged_by: 'calls-1' })
    expect(asked.filter((path) => path !== '/metadata' && path !== '/unlisted')).toEqual([])
  })

  test('look up what is listed, and nothing else', async () => {
    const looked = async (name: string) => ((await (await ask('addresses', { name })).json()) as Answered).result
    expect(await looked('localhost')).toContain('127.0.0.1')
    expect(await looked('127.0.0.1')).toEqual(['127.0.0.1'])
    expect(await looked('example.com')).toBeUndefined()
    expect(await looked('10.0.0.1')).toBeUndefined()
  })

  test('that wait beyond the deadline make the decision unavailable, and hold up no other', async () => {
    const late = ask('decision', { url: at('/held') })
    await expect.poll(() => held.length).toBe(1)
    expect((await decide(at('/allow'))).result).toMatchObject({ allow: true })
    expect((await late).status).toBe(503)
    const timeouts = () =>
      deployment.decisions().filter(({ error }) => (error as { code?: string })?.code === 'timeout')
    await expect.poll(() => timeouts().length).toBeGreaterThan(0)
  })

  test('are answered under the bundles that were active when they were asked', async () => {
    const before = ask('decision', { url: at('/held') })
    await expect.poll(() => held.length).toBe(1)
    await desk.publish(await files('calls-2'))
    const active = async () => (await deployment.status()).bundles.calls?.active_revision
    await expect.poll(active, { timeout: 60_000 }).toBe('calls-2')
    for (const go of held) go()
    const first = (await (await before).json()) as Answered
    expect(first.result).toEqual({ allow: true, judged_by: 'calls-1' })
    expect(first.provenance.bundles.calls).toEqual({ revision: 'calls-1' })
    const second = await decide(at('/allow'))
    expect(second.result).toEqual({ allow: true, judged_by: 'calls-2' })
    expect(second.provenance.bundles.calls).toEqual({ revision: 'calls-2' })
  })
})
