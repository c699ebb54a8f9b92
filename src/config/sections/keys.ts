/** `keys`: by which algorithms tokens are signed, and how long a signing key lives. */

import { LEAST_PUBLISH_SECONDS, LEAST_RETIRE_SECONDS } from '../../kernel/key-times.ts'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { Type } from '../../schema/type.ts'
import { oneOf, section } from '../keywords.ts'

const DAY = 24 * 3600
const YEAR = 365 * DAY

export const keys = section(
  {
    algorithms: Type.Array(oneOf(SIGNING_ALGORITHMS, {}), {
      minItems: 1,
      uniqueItems: true,
      default: [...SIGNING_ALGORITHMS],
      description: 'that keys are kept of; the first signs access tokens, and what no client registered otherwise',
    }),
    rsa_bits: Type.Integer({ minimum: 2048, maximum: 4096, multipleOf: 1024, default: 2048 }),
    rotate_seconds: Type.Integer({
      minimum: 3600,
      maximum: 10 * YEAR,
      default: 30 * DAY,
      description: 'for how long a key signs before the next takes its place',
    }),
    publish_seconds: Type.Integer({
      minimum: LEAST_PUBLISH_SECONDS,
      maximum: 30 * DAY,
      default: 3600,
      description: 'for how long a key is in the key set before it signs',
    }),
    retire_seconds: Type.Integer({
      minimum: LEAST_RETIRE_SECONDS,
      maximum: YEAR,
      default: 7 * DAY,
      description: 'for how long a key stays in the key set after it signed',
    }),
  },
  'signing keys',
)
