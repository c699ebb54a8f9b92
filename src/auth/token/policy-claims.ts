/**
 * The claims that policy adds to a token or an answer, without the names that only the issuer sets. The contract refuses a
 * result that has one; what is signed does not rest on that alone.
 */
import { RESERVED_CLAIMS } from '../../policy-engine/contract/facts.ts'

const RESERVED: ReadonlySet<string> = new Set(RESERVED_CLAIMS)

export function policyClaims(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const added: Record<string, unknown> = {}
  for (const name of Object.keys(claims)) if (!RESERVED.has(name)) added[name] = claims[name]
  return added
}
