/** `?explain=`: OPA's own interpreter on the sources that the active bundle carries (OPA, "Explanations"). */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { signedBundle } from '../../../test/servers/auth-service.ts'
import type { FixtureSource } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createExplainer, type Explainer } from '../explain/explainer.ts'
import { Opa } from '../explain/opa.ts'
import { type ApiUnderTest, loadFixture, openApi, post } from './api-fixture.ts'
import { type OpaServer, startOpa } from './opa-server-fixture.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')

const SOURCE: FixtureSource = {
  roots: ['app', 'roles', 'system'],
  entrypoints: ['app/allow', 'app/secrets', 'app/slow', 'system/authz/allow', 'system/log/mask'],
  data: { roles: { alice: ['reader', 'admin'] } },
  rego: {
    'app.rego': `package app

allow if {
	some role in data.roles[input.user]
	role == "admin"
	trace(sprintf("role %s", [role]))
}

secrets := object.keys(object.get(opa.runtime(), "env", {}))

slow := count([1 | some x in numbers.range(1, input.n); some y in numbers.range(1, input.n); x * y == 0])
`,
    'authz.rego': `package system.authz

default allow := false

allow if input.path[1] in {"data", "explain"}
`,
    'log.rego': 'package system.log\n\nmask contains "/input/secret" if false\n',
  },
}

let bundle: VerifiedBundle
/** With the rules as they were written; the compiler's copies lack what became WASM. */
let whole: VerifiedBundle
let explainer: Explainer
let api: ApiUnderTest
beforeAll(async () => {
  bundle = await loadFixture(SOURCE)
  whole = { ...bundle, sources: SOURCE.rego }
  explainer = createExplainer(OPA)
})
afterEach(() => api?.close())
afterAll(() => explainer.close())

const ask = (path: string, input: unknown, query: string) =>
  post(api.port, `/v1/data/${path}?${query}`, JSON.stringify({ input }))

describe('explanations', () => {
  let opa: OpaServer
  beforeAll(async () => {
    opa = await startOpa(SOURCE)
  })
  afterAll(() => opa?.close())

  it.each(['notes', 'fails', 'full', 'debug'])('are those of OPA’s server, mode %s', async (mode) => {
    api = await openApi(whole, { explainer })
    const sent = JSON.stringify({ input: { user: 'alice' } })
    const theirs = await post(opa.port, `/v1/data/app/allow?explain=${mode}`, sent)
    const ours = await ask('app/allow', { user: 'alice' }, `explain=${mode}`)
    expect(ours.json.result).toBe(true)
    const [own, other] = [ours, theirs].map(({ json }) => withoutFiles(json.explanation))
    expect(own).toEqual(other)
    expect(own).not.toEqual([])
  })

  it('are lines to read where `pretty` is asked too', async () => {
    api = await openApi(whole, { explainer })
    const { json } = await ask('app/allow', { user: 'alice' }, 'explain=full&pretty')
    expect(json.explanation).toContainEqual(expect.stringMatching(/\| Note "role admin"$/))
  })

  it('are there for what is undefined too, and not for other words', async () => {
    api = await openApi(whole, { explainer })
    const { json } = await ask('app/allow', { user: 'bob' }, 'explain=full')
    expect(json).not.toHaveProperty('result')
    expect(json.explanation).toContainEqual(expect.objectContaining({ op: 'fail', type: 'expr' }))
    for (const word of ['off', 'true', '']) {
      expect((await ask('app/allow', { user: 'bob' }, `explain=${word}`)).json).not.toHaveProperty('explanation')
    }
  })

  it('are made of the sources of the committed bundle, which carries them', async () => {
    const committed = await signedBundle()
    api = await openApi(committed, { explainer })
    const { json } = await ask('authz/userinfo/decision', {}, 'explain=full')
    expect(json).not.toHaveProperty('warning')
    expect(json.explanation).toContainEqual(expect.objectContaining({ op: 'enter', type: 'rule' }))
  })
})

describe('no explanation, said in a warning', () => {
  const warned = async (path: string, input: unknown, query = 'explain=full') => {
    const { status, json, text } = await ask(path, input, query)
    expect(status).toBe(200)
    expect(json.explanation).toEqual([])
    return { text, message: (json.warning as { message: string }).message }
  }

  it('where the sources answer otherwise than the module', async () => {
    api = await openApi(bundle, { explainer })
    expect((await warned('app/allow', { user: 'alice' })).message).toMatch(/sources .* answer otherwise/)
  })

  it('where the bundle carries none, or OPA is not at hand', async () => {
    const { sources: _sources, ...bare } = bundle
    api = await openApi(bare, { explainer })
    expect((await warned('app/allow', {})).message).toMatch(/carries no sources/)
    await api.close()
    api = await openApi(whole, { explainer: createExplainer('/nowhere/opa') })
    expect((await warned('app/allow', {})).message).toMatch(/policy\.opa_file/)
  })

  it('where system.authz permits the question only', async () => {
    const strict = await loadFixture({
      ...SOURCE,
      rego: { ...SOURCE.rego, 'authz.rego': 'package system.authz\n\nallow if input.path[1] == "data"\n' },
    })
    api = await openApi({ ...strict, sources: SOURCE.rego }, { explainer })
    expect((await warned('app/allow', { user: 'alice' })).message).toMatch(/does not permit/)
  })

  it('of an input beyond 64 KiB, which nothing is started for', async () => {
    api = await openApi(whole, { explainer })
    const input = (length: number) => ({ user: 'x'.repeat(length - '{"user":""}'.length) })
    expect((await warned('app/allow', input(64 * 1024 + 1))).message).toMatch(/input is too large/)
    expect((await ask('app/allow', input(64 * 1024), 'explain=full')).json).not.toHaveProperty('warning')
  })

  it.runIf(process.platform === 'linux')('beyond its memory, and ends what takes it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'explain-memory-'))
    const [file, note] = [join(folder, 'opa'), join(folder, 'pid')]
    const script = `require('fs').writeFileSync(${JSON.stringify(note)}, String(process.pid))
const taken = []
setInterval(() => taken.push(Buffer.alloc(64 * 1024 * 1024, 1)), 5)
`
    await writeFile(file, `#!${process.execPath}\n${script}`, { mode: 0o755 })
    await expect(new Opa(file).run({ args: [], folder, input: '' })).rejects.toThrow(/too much memory/)
    const pid = Number(await readFile(note, 'utf8'))
    await vi.waitUntil(() => !isAlive(pid))
    await rm(folder, { recursive: true })
  })

  it('beyond its deadline, while decisions go on', async () => {
    api = await openApi({ ...whole, sources: { ...SOURCE.rego, 'more.rego': 'package more\n' } }, { explainer })
    const node = api.node
    let beats = 0
    const beat = setInterval(() => beats++, 10)
    const input = { n: 5000 }
    // What our module ends by fuel is not explained at all: the question is answered 503.
    const explained = explainer.explain({
      mode: 'fails',
      pretty: false,
      path: ['app', 'slow'],
      input,
      result: '0',
      set: node.active?.set ?? [whole],
      digest: 'slow',
    })
    await expect(explained).rejects.toThrow(/too (long|much)/)
    clearInterval(beat)
    // A thread that waited for the explanation would have had one turn, or none.
    expect(beats).toBeGreaterThan(5)
  })
})

it('leaks no environment and reaches no network past the guard', async () => {
  process.env.CANARY_51 = 'canary-value'
  try {
    api = await openApi(whole, { explainer })
    const { text, json } = await ask('app/secrets', {}, 'explain=full')
    expect(text).not.toMatch(/canary/i)
    expect(json.result).toEqual([])
    expect(json).not.toHaveProperty('warning')
  } finally {
    delete process.env.CANARY_51
  }
})

it('reaches no network past the guard of the way out', async () => {
  let requests = 0
  const server = createServer((_request, response) => {
    requests += 1
    response.end('{}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const calls =
    'package calls\n\ncode := http.send({"method": "get", "url": input.url, "raise_error": false}).status_code\n'
  const explained = await explainer.explain({
    mode: 'full',
    pretty: false,
    path: ['calls', 'code'],
    input: { url: `http://127.0.0.1:${port}/` },
    result: '0',
    set: [{ ...bundle, sources: { 'calls.rego': calls } }],
    digest: 'calls',
  })
  expect(explained).not.toEqual([])
  expect(requests).toBe(0)
  await new Promise((done) => server.close(done))
})

/** Folders differ, and OPA tells locals in no order; nothing else does. */
const withoutFiles = (explanation: unknown): unknown =>
  JSON.parse(JSON.stringify(explanation), (key, value: unknown) => {
    if (key === 'location') return undefined
    return key === 'locals' && Array.isArray(value) ? value.map((local) => JSON.stringify(local)).sort() : value
  })

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
