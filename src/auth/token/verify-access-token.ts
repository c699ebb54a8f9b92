/**
 * Verifies access tokens of ours: signature, kind, issuer (RFC 9068 4). Authentic is not live: dates and revocation are
 * judged at every use. Authentic tokens are remembered by digest, since a signature stays true and costs the most.
 */
import { digestOf } from '../../kernel/ids.ts'
import { type AccessTokenClaims, readAccessToken } from './access-token.ts'
import { verifyJwt } from './jws.ts'
import type { KeyRing } from './key-ring.ts'

/** The claims, or undefined for what is no access token of ours. */
export type VerifyAccessToken = (jwt: string) => Promise<AccessTokenClaims | undefined>

/** Longer than any that we make with claims in reason; keeps foreign text from costing a hash of its own size. */
const MAX_TOKEN_LENGTH = 16 * 1024

export function accessTokenVerifier(deps: {
  readonly keys: Pick<KeyRing, 'find' | 'generation'>
  readonly issuer: string
  readonly remembered?: number
}): VerifyAccessToken {
  const limit = deps.remembered ?? 10_000
  const verified = new Map<string, AccessTokenClaims>()
  let { generation } = deps.keys
  return async (jwt) => {
    if (jwt.length > MAX_TOKEN_LENGTH) return undefined
    // A key has gone, maybe since others have it: what it signed is judged anew.
    if (deps.keys.generation !== generation) {
      verified.clear()
      generation = deps.keys.generation
    }
    const began = generation
    const digest = digestOf(jwt)
    const known = verified.get(digest)
    if (known !== undefined) return known
    const claims = await verifyJwt(deps.keys, 'at+jwt', jwt)
    const read = claims && readAccessToken(claims, deps.issuer)
    if (read === undefined || deps.keys.generation !== began) return read
    if (verified.size >= limit) for (const oldest of verified.keys()) if (verified.delete(oldest)) break
    verified.set(digest, read)
    return read
  }
}
