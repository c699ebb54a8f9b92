/** Obligations are obeyed: each one, flipped in a copy of the Rego, changes what is seen on the wire of a real process. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { revisionIn } from '../servers/bundle-desk.ts'
import { type Deployment, deploy, TEST_STREAM_SETTINGS } from '../servers/deployment.ts'
import { copyPolicies, type PolicyFolder } from '../servers/policy-folder.ts'
import type { Population } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { CODE_AGE_MS, FLIPPED_ELSEWHERE, FLIPS } from './flips.ts'
import { type ObserveOptions, observe } from './observe.ts'
import type { Observed } from './observed.ts'

let policies: PolicyFolder
let deployment: Deployment
/** Nobody has consented to anything yet: one for each time that is looked. */
const people: Population['user'][] = []

beforeAll(async () => {
  policies = copyPolicies()
  deployment = await deploy('one-process', { settings: TEST_STREAM_SETTINGS })
  const { issuer, population } = deployment
  const token = await adminToken(issuer, population.admin)
  for (const group of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    people.push(await createPerson(issuer, token, `person-${group}@example.com`))
})
afterAll(async () => {
  await deployment?.stop()
  policies?.remove()
})

test('the table flips every obligation of every decision', () => {
  const fields = Object.values(DECISIONS).flatMap(({ name, obligations }) =>
    Object.keys(obligations.properties).map((field) => `${name}.${field}`),
  )
  const here = fields.filter(
    (field) => !FLIPPED_ELSEWHERE.has(field) && !FLIPPED_ELSEWHERE.has(field.split('.')[0] ?? ''),
  )
  expect([...FLIPS.keys()].sort()).toEqual(here.sort())
  for (const [name, file] of FLIPPED_ELSEWHERE)
    for (const field of fields.filter((one) => one === name || one.startsWith(`${name}.`)))
      expect(readFileSync(file, 'utf8'), field).toContain(`'${field}'`)
})

function look(options: ObserveOptions): Promise<Observed> {
  const { population } = deployment
  const user = people.shift() ?? population.user
  return observe({ ...deployment, population: { ...population, user } }, options)
}

const flipsOf = (group: number) => [...FLIPS].filter(([, flip]) => flip.group === group)
const CODE_TTL = 'authorize.code_ttl_seconds'

/** The policies with every edit of the group, active on every thread. */
async function activate(group: number): Promise<void> {
  policies.restore()
  for (const [, flip] of flipsOf(group)) policies.edit(flip)
  const files = await policies.compile()
  await deployment.bundle.publish(files)
  const everywhere = async () => {
    const { nodes } = await deployment.status()
    return nodes.length === 2 && nodes.every(({ revision }) => revision === revisionIn(files))
  }
  await until(everywhere, `the bundle of group ${group} is active`)
}

test('before any edit, each is seen as the policies state it', async () => {
  const seen = await look({ codeAgeMs: CODE_AGE_MS, threats: true })
  expect(seen).toEqual(Object.fromEntries([...FLIPS].map(([field, { before }]) => [field, before])))
})

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('bundle %i', (group) => {
  let seen: Observed

  beforeAll(async () => {
    await activate(group)
    const withCode = flipsOf(group).some(([field]) => field === CODE_TTL)
    const threats = flipsOf(group).some(([field]) => field.startsWith('threat.'))
    seen = await look({ codeAgeMs: withCode ? CODE_AGE_MS : undefined, threats })
  })

  test.each(flipsOf(group))('%s', (field, { before, after }) => {
    expect(after).not.toEqual(before)
    expect(seen[field]).toEqual(after)
  })
})
