/**
 * The audit trail of real instances: every decision is in it with the bundle, who it was about and the result; and
 * `sallyport audit verify` finds what was done to its files.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deploy, type Shape } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'
import { tokensFor } from './requests.ts'

const SHAPES: readonly Shape[] = ['one-process', 'split']

async function verify(deployment: Deployment, ...words: string[]): Promise<{ code: number; said: string }> {
  const process = deployment.run('audit', 'verify', ...words)
  return { code: await process.ended, said: process.said }
}

describe.each(SHAPES)('the audit trail of the %s shape', (shape) => {
  let deployment: Deployment
  let log: string
  beforeAll(async () => {
    deployment = await deploy(shape)
    log = join(deployment.folder, 'log')
    await adminToken(deployment.issuer, deployment.population.admin)
    const { access_token } = await tokensFor(deployment, deployment.population.web, 'openid orders:read')
    const headers = { authorization: `Bearer ${access_token}` }
    expect((await fetch(`${deployment.issuer}/oauth/userinfo`, { headers })).status).toBe(200)
    const ask = { method: 'POST', body: '{"input":{"x":1}}' }
    for (let n = 0; n < 5; n += 1) await deployment.askPolicy('/v1/data/rbac/roles', ask)
  })
  afterAll(() => deployment?.stop())

  it('tells of each decision its bundle, its subject, its client and its result (checklist 53)', () => {
    const id = deployment.population.admin.id
    const isOfAdmin = ({ input }: Record<string, unknown>) => Object(Object(input).client).client_id === id
    const token = deployment.decisions().find((event) => event.path === 'authz/token/decision' && isOfAdmin(event))
    expect(token).toMatchObject({
      decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      bundles: { sallyport: { revision: expect.stringMatching(/^\w{12,}/) } },
      input: { client: { client_id: deployment.population.admin.id } },
      result: { allow: true },
      custom: { chain: { id: expect.any(String), seq: expect.any(Number), prev: expect.any(String) } },
    })
    const created = deployment.decisions().find(({ path }) => path === 'authz/scim/decision')
    expect(created).toMatchObject({ input: { actor: { client_id: deployment.population.admin.id }, action: 'create' } })
    const issued = deployment.audits().find(({ event, client_id }) => event === 'token_issued' && client_id === id)
    expect(issued).toMatchObject({ client_id: deployment.population.admin.id, chain: { seq: expect.any(Number) } })
  })

  it.each(['authorize', 'login', 'consent', 'token', 'userinfo'])(
    'tells whom %s decided about when a person signed in (checklist 53)',
    (decision) => {
      const { web, user } = deployment.population
      const about = deployment.decisions().filter(({ path }) => path === `authz/${decision}/decision`)
      const by = { client_id: web.id }
      expect(about).toContainEqual(
        expect.objectContaining({
          bundles: { sallyport: { revision: expect.stringMatching(/^\w{12,}/) } },
          input: expect.objectContaining({
            subject: expect.objectContaining({ sub: user.sub }),
            [decision === 'userinfo' ? 'token' : 'client']: expect.objectContaining(by),
          }),
          result: expect.objectContaining({ allow: true }),
        }),
      )
    },
  )

  it('is verified while the instance runs, against the heads that it keeps (checklist 53)', async () => {
    await headsCover(deployment)
    const { code, said } = await verify(deployment)
    expect([code, said]).toEqual([0, expect.stringContaining('nothing was changed')])
    for (const name of logsIn(log)) expect(said).toContain(name)
    const { said: json } = await verify(deployment, '--json')
    expect(JSON.parse(json)).toMatchObject({ findings: [], chains: expect.any(Array) })
    expect(statSync(join(log, 'audit.jsonl')).mode & 0o777).toBe(0o600)
  })

  it('shows each way in which its files were tampered with, by file and line (checklist 53)', async () => {
    await headsCover(deployment)
    const exported = deployment.run('audit', 'heads')
    expect(await exported.ended).toBe(0)
    const headsFile = join(deployment.folder, 'heads.json')
    writeFileSync(headsFile, exported.said)
    const place = JSON.parse(exported.said)[0].place.replace(/[^/]*$/, '')
    for (const name of logsIn(log)) {
      for (const [what, tamper, found] of TAMPERED) {
        const copy = join(deployment.folder, 'copy')
        rmSync(copy, { recursive: true, force: true })
        mkdirSync(copy)
        for (const file of logsIn(log)) cpSync(join(log, file), join(copy, file))
        tamper(join(copy, name))
        const { code, said } = await verify(deployment, copy, '--heads', headsFile, '--place', place)
        expect([name, what, code]).toEqual([name, what, 1])
        expect(said).toMatch(found(name))
      }
    }
  })

  it('passes over no chain of another host, as a pod of another name left one, unless it is told which to look for', async () => {
    const heads = join(deployment.folder, 'pods.json')
    const exported = deployment.run('audit', 'heads')
    expect(await exported.ended).toBe(0)
    const known = JSON.parse(exported.said)
    const folder = known[0].place.replace(/^[^:]*:|[^/]*$/g, '')
    const { keyId: _key, signature: _signature, ...head } = known[0]
    const gone = { ...head, chain: 'of-a-pod-before', place: `pod-0:${folder}audit.jsonl`, closed: true }
    writeFileSync(heads, JSON.stringify([...known, gone]))
    const { code, said } = await verify(deployment, '--heads', heads)
    expect([code, said]).toEqual([2, expect.stringContaining(`1 registered chain of ${gone.place} was not looked for`)])
    const host = known[0].place.split(':')[0]
    expect(await verify(deployment, '--heads', heads, '--place', `${host}:${folder}`)).toMatchObject({ code: 0 })
    const everywhere = await verify(deployment, '--heads', heads, '--place', folder)
    expect([everywhere.code, everywhere.said]).toEqual([1, expect.stringMatching(/vanished/)])
  })

  it('says that it needs heads where the instance does not answer', async () => {
    const { code, said } = await verify(deployment, '--url', 'http://127.0.0.1:9')
    expect([code, said]).toEqual([2, expect.stringContaining('--alone')])
    expect(await verify(deployment, '--alone')).toMatchObject({ code: 0 })
  })

  it('is whole after the instance ended and began again', async () => {
    await deployment.policyService.stop()
    await deployment.auth.stop()
    const again = deployment.run('serve', ...(shape === 'split' ? ['policy'] : []))
    await again.says(/ready in \d+ ms/)
    const { code, said } = await verify(deployment)
    expect([code, said]).toEqual([0, expect.stringContaining('nothing was changed')])
  })
})

/** Those that were written to. */
const logsIn = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.jsonl') && statSync(join(folder, name)).size > 0)

const linesIn = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const write = (file: string, lines: readonly string[]) => writeFileSync(file, lines.map((line) => `${line}\n`).join(''))

const FORGED = JSON.stringify({
  path: 'authz/admin/decision',
  result: { allow: true },
  timestamp: '2026-01-01T00:00:00.000Z',
  custom: { chain: { id: 'FORGEDchain1', seq: 1, prev: '', after: { id: 'FORGEDchain0', seq: 1 } } },
})

type Tampered = readonly [what: string, tamper: (file: string) => void, found: (name: string) => RegExp]
const at = (name: string, line: string | number) => `${name.replaceAll('.', '\\.')}:${line}`
const TAMPERED: readonly Tampered[] = [
  [
    'edited',
    (file) => write(file, linesIn(file).with(1, (linesIn(file)[1] ?? '').replace('"timestamp":"2', '"timestamp":"3'))),
    (name) => new RegExp(`changed +\\S*${at(name, 2)} `),
  ],
  [
    'a line deleted',
    (file) => write(file, linesIn(file).toSpliced(1, 1)),
    (name) => new RegExp(`missing +\\S*${at(name, 2)} `),
  ],
  [
    'two lines exchanged',
    (file) => write(file, linesIn(file).toSpliced(0, 2, linesIn(file)[1] ?? '', linesIn(file)[0] ?? '')),
    (name) => new RegExp(`(moved|missing) +\\S*${at(name, '[12]')} `),
  ],
  [
    'the last line cut',
    (file) => write(file, linesIn(file).slice(0, -1)),
    (name) => new RegExp(`cut +\\S*${at(name, '\\d+')} `),
  ],
  [
    'a chain of someone else appended',
    (file) => write(file, [...linesIn(file), FORGED]),
    (name) => new RegExp(`inserted +\\S*${at(name, '\\d+')} .*no registered head`),
  ],
  ['the file gone', (file) => rmSync(file), () => /vanished/],
]

/** Polls until every line that is there now is covered by a head. */
async function headsCover(deployment: Deployment): Promise<void> {
  const ends = new Map<string, number>()
  for (const name of logsIn(join(deployment.folder, 'log'))) {
    const last = JSON.parse(linesIn(join(deployment.folder, 'log', name)).at(-1) ?? '{}')
    const { id, seq } = last.custom?.chain ?? last.chain
    ends.set(id, seq)
  }
  const deadline = performance.now() + 20_000
  for (;;) {
    const { result } = (await (await deployment.askPolicy('/v1/audit/heads')).json()) as {
      result: { chain: string; seq: number }[]
    }
    const known = new Map(result.map(({ chain, seq }) => [chain, seq]))
    if ([...ends].every(([chain, seq]) => (known.get(chain) ?? 0) >= seq)) return
    if (performance.now() > deadline)
      throw new Error(`no heads of ${JSON.stringify([...ends])} in ${JSON.stringify(result)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
