/** The keys that verify our tokens. RFC 7517 5, RFC 8414 2 (`jwks_uri`). Public. */
import type { Reply } from '../../http/message.ts'
import { JWKS_MAX_AGE_SECONDS } from '../../kernel/key-times.ts'
import type { KeyRing } from '../token/key-ring.ts'

export interface JwksDeps {
  readonly keys: Pick<KeyRing, 'publicJwks'>
}

export async function jwks(deps: JwksDeps): Promise<Reply> {
  return {
    status: 200,
    headers: {
      'content-type': 'application/jwk-set+json',
      'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}`,
      'access-control-allow-origin': '*',
    },
    body: { keys: await deps.keys.publicJwks() },
  }
}
