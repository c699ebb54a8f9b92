/**
 * Sessions on two nodes of one store, as processes: whoever is disabled, deleted or given a new password is signed out on both
 * with the next request, refresh tokens and all; what a person or an administrator ends is ended on both; and a device that
 * registered its key on one proves it on the other. Checklist 45; OWASP ASVS 7.4.2, 7.5.2.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, formAt } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import type { Population } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { bindBrowser } from './bound-browser.ts'
import { startFurtherNode } from './nodes.ts'
import { type Answer, answerOf, post } from './requests.ts'
import { signIn, silently } from './signed-in.ts'

const SCOPE = 'openid offline_access'
const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

let deployment: Deployment
let nodes: readonly [string, string]
let admin: string
let count = 0

beforeAll(async () => {
  deployment = await deploy('redis', { redis: { appendOnly: true } })
  nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
  admin = await adminToken(deployment.issuer, deployment.population.admin)
})
afterAll(() => deployment?.stop())

const atNode = (node: string) => (url: string) => url.replace(deployment.issuer, node)

interface SignedIn {
  readonly person: Population['user'] & { readonly sub: string }
  readonly browser: Browser
  readonly tokens: Answer['body']
}

/** A person of their own, signed in at the first node, with a refresh token. */
async function signedIn(person?: SignedIn['person']): Promise<SignedIn> {
  count += 1
  const { issuer, population } = deployment
  const user = person ?? (await createPerson(issuer, admin, `person-${count}@example.com`))
  const browser = new Browser(issuer)
  const tokens = await signIn({ issuer, population: { user } }, browser, population.web, SCOPE)
  return { person: user, browser, tokens }
}

const manage = async (node: string, method: string, path: string, json?: object): Promise<Answer> =>
  answerOf(
    await fetch(`${node}${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, ...(json && { 'content-type': 'application/json' }) },
      ...(json && { body: JSON.stringify(json) }),
    }),
  )

/** Asked at both nodes at once: whether the browser is signed in, and what its refresh token gives. */
async function stateOf({ browser, tokens }: SignedIn) {
  const { issuer, population } = deployment
  const signed = []
  for (const node of nodes) {
    browser.move(atNode(node))
    signed.push(await silently({ issuer, population }, browser, population.web))
  }
  const form = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
  const refreshed = await post({ issuer: nodes[1] }, '/oauth/token', population.web, form)
  return { signed, refreshed: refreshed.status === 200 ? 'given' : refreshed.body.error }
}

const OUT = { signed: ['login_required', 'login_required'], refreshed: 'invalid_grant' }

describe('what one node is told is so on both with the next request (checklist 45)', () => {
  const ways: readonly (readonly [string, (who: SignedIn, node: string) => Promise<Answer>])[] = [
    [
      'a person is disabled',
      ({ person }, node) =>
        manage(node, 'PUT', `/scim/v2/Users/${person.sub}`, {
          schemas: [SCHEMA],
          userName: person.userName,
          active: false,
        }),
    ],
    ['a person is deleted', ({ person }, node) => manage(node, 'DELETE', `/scim/v2/Users/${person.sub}`)],
    [
      'a person has a new password',
      ({ person }, node) =>
        manage(node, 'PUT', `/scim/v2/Users/${person.sub}`, {
          schemas: [SCHEMA],
          userName: person.userName,
          password: 'another horse battery',
        }),
    ],
    ['all of a person is revoked', ({ person }, node) => manage(node, 'POST', `/admin/users/${person.sub}/revoke`)],
  ]
  test.each(ways)('%s: sessions and refresh tokens are dead', async (_what, end) => {
    const who = await signedIn()
    expect((await stateOf(who)).signed).toEqual(['code', 'code'])
    const again = await signedIn(who.person)
    const { status } = await end(again, nodes[0])
    expect([200, 204]).toContain(status)
    expect(await stateOf(again)).toEqual(OUT)
    expect((await stateOf(who)).signed).toEqual(OUT.signed)
  })

  test('an administrator ends one session, and lists where it was used', async () => {
    const who = await signedIn()
    const listed = await manage(nodes[1], 'GET', `/admin/sessions?sub=${who.person.sub}`)
    const [session] = Object(listed.body).sessions
    expect((await manage(nodes[1], 'DELETE', `/admin/sessions/${session.sid}`)).status).toBe(204)
    expect(await stateOf(who)).toEqual(OUT)
  })
})

test('a person ends all their other sessions at one node: they are over on both (checklist 45)', async () => {
  const here = await signedIn()
  const there = await signedIn(here.person)
  here.browser.move(atNode(nodes[1]))
  const page = await here.browser.visit(`${deployment.issuer}/account/sessions`)
  expect(page.text.match(/End session</g)).toHaveLength(1)
  const { action, fields } = formAt(page, /end-others$/)
  const answer = await here.browser.visit(action, { method: 'POST', body: fields })
  expect(answer.text).toContain('All other sessions were ended.')
  expect(await stateOf(there)).toEqual(OUT)
  expect(await stateOf(here)).toEqual({ signed: ['code', 'code'], refreshed: 'given' })
})

test('a device binds its session on one node and proves its key on the other; a proof is good once across both', async () => {
  const { browser } = await signedIn()
  const bound = await bindBrowser(browser, deployment.issuer)
  expect(bound.registered.status).toBe(200)
  browser.move(atNode(nodes[1]))
  expect((await bound.refresh()).status).toBe(200)
  const second = await bindBrowser(browser, deployment.issuer)
  expect(second.registered.status).toBe(400)
  const proof = await bound.proof()
  const used = await Promise.all(
    Array.from({ length: 20 }, (_, index) => bound.send(atNode(nodes[index % 2 === 0 ? 0 : 1]), proof)),
  )
  expect(used.filter((status) => status === 200)).toHaveLength(1)
  expect(used.filter((status) => status === 403)).toHaveLength(19)
})
