/** ID tokens. OIDC Core 2 and 3.1.3.6; `typ` JWT, so that none passes for an access token. */
import { createHash } from 'node:crypto'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { GrantRecord } from '../../storage/records.ts'
import type { MintDeps } from './access-token.ts'
import { ALGORITHMS } from './algorithms.ts'
import { signJwt } from './jws.ts'
import { policyClaims } from './policy-claims.ts'
import { sessionIdentifier } from './session-identifier.ts'

export interface IdTokenParts {
  readonly grant: GrantRecord
  readonly sub: string
  readonly nonce?: string | undefined
  /** The access token that goes with it. */
  readonly accessToken: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly ttlSeconds: number
  /** Whether the client can do anything with the `sid` of the session. */
  readonly namesSession: boolean
  /** The client's `id_token_signed_response_alg`. */
  readonly alg?: string | undefined
}

/** OIDC Core 3.1.3.6: the left half of the digest that the signature's algorithm uses. */
function atHash(accessToken: string, alg: SigningAlgorithm): string {
  const digest = createHash(ALGORITHMS[alg].digest).update(accessToken).digest()
  return digest.subarray(0, digest.byteLength / 2).toString('base64url')
}

export function mintIdToken(deps: MintDeps, parts: IdTokenParts, nowSeconds: number): string {
  const { grant, nonce } = parts
  const { alg } = deps.keys.current(parts.alg)
  const claims = {
    ...policyClaims(parts.claims),
    iss: deps.issuer,
    sub: parts.sub,
    aud: grant.clientId,
    exp: nowSeconds + parts.ttlSeconds,
    iat: nowSeconds,
    auth_time: grant.authTime,
    acr: grant.acr,
    amr: grant.amr,
    at_hash: atHash(parts.accessToken, alg),
    ...(nonce !== undefined && { nonce }),
    ...(parts.namesSession && grant.sid !== undefined && { sid: sessionIdentifier(grant.sid, grant.clientId) }),
  }
  return signJwt(deps.keys, 'JWT', claims, { alg })
}
