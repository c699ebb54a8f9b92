/**
 * Every endpoint of the OpenAPI document against schemathesis, which makes requests that fit the document and such that do
 * not: nothing answers 5xx, nothing hangs, and every status stands in the document (checklist 52). SCALE 1: 200 examples for
 * each endpoint and kind of caller.
 */
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inClients, whyMissing } from '../clients/conversation.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const EXAMPLES = Math.max(5, Math.round(200 * SCALE))
const WITHIN_MS = 30 * 60 * 1000
/** A request that takes longer hangs. */
const REQUEST_SECONDS = 20

let deployment: Deployment
beforeAll(async () => {
  deployment = await deploy('one-process')
})
afterAll(() => deployment?.stop())

async function schemathesis(...words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const start = 'from schemathesis.cli import schemathesis; schemathesis()'
  const child = spawn('python3', ['-c', start, 'run', `${deployment.issuer}/openapi.json`, ...words], {
    cwd: deployment.folder,
    env: { PATH: process.env.PATH, HOME: deployment.folder, PYTHONPATH: inClients('schemathesis') },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  const code = await new Promise<number | null>((ended) => child.once('exit', ended))
  return { code, said }
}

const missing = whyMissing('schemathesis')
const told = missing === undefined ? '' : ` (${missing})`

test.skipIf(missing !== undefined).each([
  ['nobody', async () => []],
  ['a client', async () => ['--auth', `${deployment.population.web.id}:${deployment.population.web.secret}`]],
  [
    'an administrator',
    async () => {
      const token = await adminToken(deployment.issuer, deployment.population.admin)
      return ['--header', `Authorization: Bearer ${token}`]
    },
  ],
] as const)(
  `no request of %s makes an endpoint fail or hang (checklist 52)${told}`,
  async (_who, credentials) => {
    const { code, said } = await schemathesis(
      ...(await credentials()),
      ...['--checks', 'not_a_server_error,status_code_conformance'],
      ...['--phases', 'coverage,fuzzing', '--max-examples', String(EXAMPLES), '--seed', '1'],
      ...['--request-timeout', String(REQUEST_SECONDS), '--max-redirects', '0', '--suppress-health-check', 'all'],
      ...['--workers', '2', '--no-color', '--continue-on-failure', '--generation-database', 'none'],
    )
    expect(code, said.slice(-6000)).toBe(0)
    const [, selected, tested] = /Selected: \d+\/(\d+)\s+Tested: (\d+)/.exec(said) ?? []
    expect([Number(tested) > 40, tested], said.slice(-2000)).toEqual([true, selected])
    expect(deployment.auth.process.exitCode).toBeNull()
  },
  WITHIN_MS,
)
