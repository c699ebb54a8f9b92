/** ID tokens. OIDC Core 2 and 3.1.3.6; `typ` JWT, so that none passes for an access token. */
import { createHash } from 'node:crypto'
import type { GrantRecord } from '../../storage/records.ts'
import type { MintDeps } from './access-token.ts'
import { signJwt } from './jws.ts'

export interface IdTokenParts {
  readonly grant: GrantRecord
  readonly sub: string
  readonly nonce?: string | undefined
  /** The access token that goes with it. */
  readonly accessToken: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly ttlSeconds: number
}

/** OIDC Core 3.1.3.6: the left half of the digest that the signature's algorithm uses. */
const atHash = (accessToken: string) =>
  createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')

export function mintIdToken(deps: MintDeps, parts: IdTokenParts, nowSeconds: number): string {
  const { grant, nonce } = parts
  return signJwt(deps.keys, 'JWT', {
    // First, so that no claim of policy's can stand in for one of ours.
    ...parts.claims,
    iss: deps.issuer,
    sub: parts.sub,
    aud: grant.clientId,
    exp: nowSeconds + parts.ttlSeconds,
    iat: nowSeconds,
    auth_time: grant.authTime,
    acr: grant.acr,
    amr: grant.amr,
    at_hash: atHash(parts.accessToken),
    ...(nonce !== undefined && { nonce }),
  })
}
