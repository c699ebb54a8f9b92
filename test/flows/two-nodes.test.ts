/**
 * Two nodes on one Redis with AUTH and TLS: what is good once is good once across both, a revocation beats a rotation in
 * flight, and what one node began the other goes on with when the first is killed. RFC 6749 4.1.2, RFC 9449 11.1, RFC 9700
 * 4.14. SCALE 1: five rounds of each race.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { makeCertificates } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { makeProofKey } from '../servers/proofs.ts'
import { type FurtherNode, startFurtherNode } from './nodes.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, basic, codeFor, post, tokensFor } from './requests.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const ROUNDS = Array.from({ length: Math.max(1, Math.round(5 * SCALE)) }, (_, round) => round)
const PARALLEL = 100
const SCOPE = 'openid offline_access orders:read'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-two-nodes-'))
let deployment: Deployment
let second: FurtherNode
let nodes: readonly string[]

beforeAll(async () => {
  const tls = await makeCertificates(folder)
  deployment = await deploy('redis', { redis: { appendOnly: true, tls } })
  second = await startFurtherNode(deployment)
  nodes = [deployment.issuer, second.address]
})
afterAll(async () => {
  await deployment?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (index: number) => ({ issuer: nodes[index % nodes.length] ?? '' })
const many = <T>(ask: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: PARALLEL }, (_, index) => ask(index)))
const statuses = (answers: readonly Pick<Answer, 'status'>[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
const atToken = (index: number, form: Readonly<Record<string, string>>) =>
  post(at(index), '/oauth/token', deployment.population.web, form)
const refresh = (index: number, token: unknown) =>
  atToken(index, { grant_type: 'refresh_token', refresh_token: String(token) })
const isActive = (token: unknown) =>
  Promise.all(
    nodes.map(async (issuer) => {
      const { resourceServer } = deployment.population
      return (await post({ issuer }, '/oauth/introspect', resourceServer, { token: String(token) })).body.active
    }),
  )

describe.each(ROUNDS)('100 at once across both nodes (round %i)', () => {
  test('one code is redeemed once, and its reuse ends what it gave (checklist 7)', async () => {
    const { form } = await codeFor(deployment, deployment.population.web, SCOPE)
    const answers = await many((index) => atToken(index, form))
    expect(statuses(answers)).toEqual({ 200: 1, 400: PARALLEL - 1 })
    const winner = answers.find(({ status }) => status === 200)
    expect(await isActive(winner?.body.access_token)).toEqual([false, false])
    expect((await refresh(0, winner?.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('one refresh token is rotated once, and its reuse ends the family (checklist 21)', async () => {
    const first = await tokensFor(deployment, deployment.population.web, SCOPE)
    const answers = await many((index) => refresh(index, first.refresh_token))
    expect(statuses(answers)).toEqual({ 200: 1, 400: PARALLEL - 1 })
    const winner = answers.find(({ status }) => status === 200)
    for (const { access_token: token } of [first, winner?.body ?? {}])
      expect(await isActive(token)).toEqual([false, false])
  })

  test('one DPoP proof is good once, at the token endpoint and at a resource (checklist 23)', async () => {
    const { web } = deployment.population
    const key = await makeProofKey()
    // Every node speaks for the one issuer: proofs name its address, whichever of them is asked.
    const url = `${deployment.issuer}/oauth/token`
    const dpop = await key.proof({ url })
    const machine = (index: number) =>
      fetch(`${at(index).issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(web), dpop },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
      }).then(answerOf)
    const issued = await many(machine)
    expect(statuses(issued)).toEqual({ 200: 1, 400: PARALLEL - 1 })
    expect(new Set(issued.filter(({ status }) => status === 400).map(({ body }) => body.error))).toEqual(
      new Set(['invalid_dpop_proof']),
    )

    const { form } = await codeFor(deployment, web, SCOPE)
    const bound = await fetch(url, {
      method: 'POST',
      headers: { authorization: basic(web), dpop: await key.proof({ url }) },
      body: new URLSearchParams(form),
    }).then(answerOf)
    const token = String(bound.body.access_token)
    const proof = await key.proof({ method: 'GET', url: `${deployment.issuer}/oauth/userinfo`, accessToken: token })
    const asked = await many((index) =>
      fetch(`${at(index).issuer}/oauth/userinfo`, { headers: { authorization: `DPoP ${token}`, dpop: proof } }).then(
        answerOf,
      ),
    )
    expect(statuses(asked)).toEqual({ 200: 1, 401: PARALLEL - 1 })
  })

  test('a revocation on one node beats the rotations in flight on the other (checklist 30)', async () => {
    const { web } = deployment.population
    const family = [await tokensFor(deployment, web, SCOPE)]
    const turning = Promise.withResolvers<void>()
    const rotations = (async () => {
      for (;;) {
        const { status, body } = await refresh(0, family.at(-1)?.refresh_token)
        if (status !== 200) return { status, error: body.error }
        family.push(body)
        if (family.length === 4) turning.resolve()
      }
    })()
    await turning.promise
    // Whichever of the family: a refresh token takes its grant along.
    const revoked = await post(at(1), '/oauth/revoke', web, { token: String(family.at(-1)?.refresh_token) })
    expect(revoked.status).toBe(200)
    const known = [...family]
    for (const { access_token: token } of known) expect(await isActive(token)).toEqual([false, false])
    expect(await rotations).toEqual({ status: 400, error: 'invalid_grant' })
    for (const { access_token: token, refresh_token: used } of family) {
      expect(await isActive(token)).toEqual([false, false])
      expect((await refresh(1, used)).body.error).toBe('invalid_grant')
    }
  })
})

test('a node killed in the middle of a flow loses nothing: the other goes on with it', async () => {
  const { web, user } = deployment.population
  const rp = await discover(deployment.issuer, web)
  const before = await tokensFor(deployment, web, SCOPE)
  const begun = await begin(rp, SCOPE)
  const browser = new Browser(deployment.issuer)
  const login = await browser.visit(begun.url)
  expect(login.url).toContain('/login')

  await deployment.auth.stop('SIGKILL')

  // The browser comes back to the same issuer, as through a load balancer; its cookies know no port.
  const other = new URL(second.address).port
  const moved = (url: string) => Object.assign(new URL(url), { port: other }).href
  browser.move((url) => (url.startsWith(deployment.issuer) ? moved(url) : url))
  const left = await browser.submit(login, { username: user.userName, password: user.password })
  const code = left.left?.searchParams.get('code')
  expect(code).toBeTruthy()
  const form = {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: new URL(begun.url).searchParams.get('redirect_uri') ?? '',
    code_verifier: begun.verifier,
  }
  const tokens = await atToken(1, form)
  expect(tokens.status).toBe(200)
  for (const { access_token: token } of [before, tokens.body]) {
    const { body } = await post(at(1), '/oauth/introspect', deployment.population.resourceServer, {
      token: String(token),
    })
    expect(body.active).toBe(true)
  }
  expect((await refresh(1, before.refresh_token)).status).toBe(200)
})
