/**
 * The registered key of a client that a JWT of its own names, and the algorithms it may use. RFC 7591 2 (`jwks`,
 * `jwks_uri`), OIDC Core 9 and 10.1. What is registered by value is never fetched.
 */
import type { ClientRecord } from '../../storage/records.ts'
import type { ForeignJwt } from './foreign-jwt.ts'
import { isSignatureAlg, type PublicKey, readPublicKey } from './public-key.ts'
import type { Jwk, RemoteJwks } from './remote-jwks.ts'

export interface ClientKeys {
  /** Those that could have signed it: at most a few, each good for the JWT's algorithm. */
  candidates(client: ClientRecord, jwt: ForeignJwt): Promise<readonly PublicKey[]>
  /** Those of a JWT without `kid` that stand behind its client's `jwks_uri` since those before were fetched; else none. */
  renewed(client: ClientRecord, jwt: ForeignJwt): Promise<readonly PublicKey[]>
  /** All that it registered; `lacking`: fetched again, since what was sought is not among those known. */
  registered(client: ClientRecord, lacking?: string | true): Promise<readonly Jwk[]>
}

/** Each costs a verification: a client that has more keys than this names the one it used (OIDC Core 10.1). */
const MAX_CANDIDATES = 4
/** As many as `jwks_uri` may have. */
const MAX_REGISTERED = 20

function select(keys: readonly Jwk[], { header }: ForeignJwt): readonly PublicKey[] {
  const { alg, kid } = header
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid)
  const found: PublicKey[] = []
  for (const jwk of named) {
    const key = readPublicKey(jwk)
    if (key?.algs.some((own) => own === alg)) found.push(key)
    if (found.length === MAX_CANDIDATES) break
  }
  return found
}

export function clientKeys(remote: RemoteJwks): ClientKeys {
  const registered = async ({ metadata }: ClientRecord, lacking?: string | true): Promise<readonly Jwk[]> => {
    if (metadata?.jwks !== undefined) return metadata.jwks.keys.slice(0, MAX_REGISTERED)
    return metadata?.jwks_uri === undefined ? [] : remote.keys(metadata.jwks_uri, lacking)
  }
  return {
    async candidates(client, jwt) {
      const { alg, kid } = jwt.header
      if (!isSignatureAlg(alg)) return []
      return select(await registered(client, typeof kid === 'string' ? kid : undefined), jwt)
    },
    async renewed(client, jwt) {
      const { alg, kid } = jwt.header
      if (!isSignatureAlg(alg) || kid !== undefined || client.metadata?.jwks_uri === undefined) return []
      const before = await registered(client)
      const now = await registered(client, true)
      return now === before ? [] : select(now, jwt)
    },
    registered,
  }
}
