/** `passwords`: what hashes cost, how many are made at once, and which passwords may be set. */
import { Type } from '../../schema/type.ts'
import { path, section } from '../keywords.ts'

/** Not under OWASP's minimum for argon2id; not over what a stored hash may ask for. */
export const passwords = section(
  {
    hash_memory_kib: Type.Integer({ minimum: 19_456, maximum: 262_144, default: 19_456, description: 'of one hash' }),
    hash_passes: Type.Integer({ minimum: 2, maximum: 16, default: 2 }),
    hash_parallelism: Type.Integer({ minimum: 1, maximum: 4, default: 1 }),
    hashes_at_once: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description: '0: a processor stays free, and 3 at most',
    }),
    hashes_waiting: Type.Integer({ minimum: 0, maximum: 1_000, default: 32, description: 'one more is answered 503' }),
    breached_file: Type.Optional(
      path('SHA-1 hashes of breached passwords, ordered by hash, as Have I Been Pwned ships them'),
    ),
    words: Type.Array(Type.String({ minLength: 3, maxLength: 64 }), {
      default: [],
      description: 'names of the service and the company: no password may be little more than such a word',
    }),
  },
  'argon2id and the rules for new passwords',
)
