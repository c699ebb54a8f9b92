/** The comparison itself: a host that answers otherwise is found out, and shown on the smallest input that tells. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EvaluationError, type Evaluator } from '../../src/policy-engine/engine.ts'
import { campaign } from './campaign.ts'
import { type Oracle, startOracle } from './oracle.ts'

const REGO = `package planted

allow if {
	input.user.name == "alice"
	some role in input.user.roles
	role in ["admin", "editor"]
}

level := number if {
	number := to_number(input.level)
	number > 10
}
`

let oracle: Oracle
beforeAll(async () => {
  oracle = startOracle()
  await oracle.open('planted', { 'planted.rego': REGO }, {})
})
afterAll(() => oracle.close())

type Answering = (input: Record<string, unknown>) => unknown

async function run(answer: Answering) {
  const evaluator: Evaluator = {
    entrypoints: new Set(['planted']),
    base: () => undefined,
    evaluate: (_entrypoint, input) => answer((typeof input === 'object' ? input : {}) as Record<string, unknown>),
    close: () => {},
  }
  const question = { unit: 'planted', query: 'data.planted', entrypoint: 'planted', evaluator }
  return campaign(oracle, question, { ...(await oracle.describe('planted')), count: 400, seed: 1 })
}

it('learns from the rules what they look at and what they compare it with', async () => {
  const { shape, literals } = await oracle.describe('planted')
  expect(shape.fields?.user?.fields?.name?.literals).toEqual(['alice'])
  expect(shape.fields?.user?.fields?.roles?.elem?.literals).toEqual(['admin', 'editor'])
  expect(literals).toEqual(['admin', 'alice', 'editor', 10])
})

it('finds a host that never allows, and the smallest input on which it shows', async () => {
  const { difference } = await run(({ level }) => (Number(level) > 10 ? { level: Number(level) } : {}))
  expect(difference?.ours).not.toContain('allow')
  expect(difference?.opa).toContain('"allow":true')
  const { user } = JSON.parse(difference?.input ?? '{}') as { user: { name: string; roles: object } }
  expect(Object.keys(user)).toEqual(['name', 'roles'])
  expect(user.name).toBe('alice')
  expect(Object.values(user.roles)).toHaveLength(1)
})

it('finds a host that fails where OPA answers', async () => {
  const { difference } = await run(() => {
    throw new EvaluationError('conflict', { code: 'eval_conflict_error' })
  })
  expect(difference).toMatchObject({ ours: 'eval_conflict_error', opa: '{}' })
})
