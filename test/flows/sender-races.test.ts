/**
 * Proofs and assertions are good once for two nodes on one Redis (AUTH), on real processes. RFC 9449 11.1, RFC 7523 3;
 * checklist 18, 23.
 */
import { generateKeyPairSync } from 'node:crypto'
import { CompactSign } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { makeProofKey, type ProofKey } from '../servers/proofs.ts'
import { adminToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'
import { type Answer, answerOf, basic, codeFor } from './requests.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const ROUNDS = Math.max(2, Math.round(10 * SCALE))
const PARALLEL = 100

let deployment: Deployment
let nodes: readonly string[]
let key: ProofKey
const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
let signerId = ''

beforeAll(async () => {
  deployment = await deploy('redis', { settings: { dpop: { nonce: 'required' } } })
  nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
  key = await makeProofKey()
  const token = await adminToken(deployment.issuer, deployment.population.admin)
  const settings = {
    name: 'Signer',
    grant_types: ['client_credentials'],
    scopes: ['orders:read'],
    audience: ['urn:sallyport:default'],
    roles: ['service'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [signer.publicKey.export({ format: 'jwk' })] },
  }
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(settings) }
  const { status, body } = await answerOf(await fetch(`${deployment.issuer}/admin/clients`, init))
  expect(status, JSON.stringify(body)).toBe(201)
  signerId = String(body.client_id)
})
afterAll(() => deployment?.stop())

/** At each node in turn. */
const everywhere = (send: (node: string) => Promise<Response>): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: PARALLEL }, async (_, index) => answerOf(await send(nodes[index % nodes.length] ?? ''))),
  )
const post = (
  node: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  form: Readonly<Record<string, string>>,
) => fetch(`${node}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) })
const web = () => ({ authorization: basic(deployment.population.web) })

function onlyOne(answers: readonly Answer[], refusal: readonly [number, string]): Answer {
  const won = answers.filter(({ status }) => status === 200)
  expect(won).toHaveLength(1)
  for (const { status, body } of answers.filter((answer) => !won.includes(answer)))
    expect([status, body.error]).toEqual(refusal)
  return won[0] as Answer
}

/** The nonce of one node, which the other takes too. */
async function nonceFrom(node: string): Promise<string> {
  const dpop = await key.proof({ url: `${deployment.issuer}/oauth/token` })
  const { body, headers } = await answerOf(
    await post(node, '/oauth/token', { ...web(), dpop }, { grant_type: 'client_credentials' }),
  )
  expect(body.error).toBe('use_dpop_nonce')
  return headers.get('dpop-nonce') ?? ''
}

const rounds = Array.from({ length: ROUNDS }, (_, round) => round)

test.each(rounds)(
  'of 100 replays of one DPoP proof at two nodes one succeeds, at the token endpoint and at userinfo (round %i; checklist 23)',
  async (round) => {
    const { issuer, population } = deployment
    const nonce = await nonceFrom(nodes[round % 2] ?? '')
    const url = `${issuer}/oauth/token`
    const machine = await key.proof({ url, nonce })
    const won = onlyOne(
      await everywhere((node) =>
        post(node, '/oauth/token', { ...web(), dpop: machine }, { grant_type: 'client_credentials' }),
      ),
      [400, 'invalid_dpop_proof'],
    )
    expect(won.body.token_type).toBe('DPoP')

    const { form } = await codeFor(deployment, population.web, 'openid')
    const bound = await answerOf(
      await post(issuer, '/oauth/token', { ...web(), dpop: await key.proof({ url, nonce }) }, form),
    )
    const accessToken = String(bound.body.access_token)
    const dpop = await key.proof({ method: 'GET', url: `${issuer}/oauth/userinfo`, accessToken, nonce })
    const headers = { authorization: `DPoP ${accessToken}`, dpop }
    onlyOne(await everywhere((node) => fetch(`${node}/oauth/userinfo`, { headers })), [401, 'invalid_dpop_proof'])
  },
)

test.each(rounds)(
  'of 100 replays of one client assertion at two nodes one succeeds (round %i; checklist 18)',
  async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: signerId, sub: signerId, aud: deployment.issuer, jti: randomId(), iat: now, exp: now + 60 }
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'ES256' })
        .sign(signer.privateKey),
    }
    onlyOne(await everywhere((node) => post(node, '/oauth/token', {}, form)), [401, 'invalid_client'])
  },
)

test('a Redis that is gone is no replay and no acceptance: unavailable, and the proof is good afterwards', async () => {
  const { issuer, redis } = deployment
  const nonce = await nonceFrom(issuer)
  const dpop = await key.proof({ url: `${issuer}/oauth/token`, nonce })
  const ask = async () =>
    answerOf(await post(issuer, '/oauth/token', { ...web(), dpop }, { grant_type: 'client_credentials' }))
  redis?.hang()
  try {
    expect((await ask()).status).toBe(503)
  } finally {
    redis?.resume()
  }
  await until(async () => (await fetch(`${issuer}/health`)).status === 200, 'Redis is reached')
  expect((await ask()).status).toBe(200)
})
