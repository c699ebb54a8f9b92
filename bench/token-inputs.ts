/** Inputs of the decision `token` as the token endpoint makes them for the population's clients. */
import { DECISIONS, type DecisionInput } from '../src/policy-engine/contract/index.ts'
import { compile } from '../src/schema/validator.ts'
import { JWT_RESOURCE, SCOPE } from './population.ts'

type TokenInput = DecisionInput<'token'>

const COUNT = 200
/** A Tuesday at noon. */
const NOON_SECONDS = 1_790_078_400

const tokenInput = (index: number): TokenInput => ({
  tenant: 'default',
  grant_type: 'client_credentials',
  client: {
    client_id: `client-${String(index).padStart(4, '0')}`,
    type: 'confidential',
    auth_method: 'client_secret_basic',
    active: true,
    first_party: true,
    requires: ['pkce'],
    grant_types: ['client_credentials'],
    scopes: [SCOPE],
    audience: [JWT_RESOURCE],
    resources: [],
    roles: ['service'],
  },
  requested: { scopes: [SCOPE], resources: [JWT_RESOURCE] },
  request: {
    address: '127.0.0.1',
    time: { epoch_seconds: NOON_SECONDS + index, minute_of_day: 720, weekday: 2 },
  },
})

export function tokenInputs(): readonly TokenInput[] {
  const inputs = Array.from({ length: COUNT }, (_, index) => tokenInput(index))
  const { check } = compile(DECISIONS.token.input)
  if (!inputs.every(check)) throw new Error('an input is none of the token decision')
  return inputs
}
