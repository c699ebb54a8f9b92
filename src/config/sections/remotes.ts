/** `policy.remotes`: OPA servers that answer decisions in the stead of the bundle. */
import { Type } from '../../schema/type.ts'
import { closed } from '../keywords.ts'

const remote = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9_.-]+$', description: 'in metrics, status and log' }),
    service: Type.String({ minLength: 1, description: 'one of `services`: address, TLS, credentials' }),
    decisions: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'decisions of the contract that it answers',
    }),
    path: Type.String({
      pattern: '^[^/?#].*$',
      default: 'authz/{decision}/decision',
      description: 'of the document below `data`; {decision} is the name of the decision',
    }),
    deadline_ms: Type.Integer({ minimum: 10, maximum: 60_000, default: 1_000, description: 'over all tries' }),
    retries: Type.Integer({
      minimum: 0,
      maximum: 10,
      default: 2,
      description: 'further tries where nothing was answered',
    }),
  },
  closed,
)

export const remotes = Type.Array(remote, {
  default: [],
  description: 'OPA servers that answer decisions in the stead of the bundle',
})
