/**
 * Opaque access tokens: the jti finds the record, the secret's digest in it proves the token. Only introspection and this
 * provider's own endpoints can read one, RFC 6749 1.4.
 */
import { digestOf, randomSecret } from '../../kernel/ids.ts'

export interface OpaqueToken {
  readonly jti: string
  /** Absent for client_credentials. */
  readonly grantId?: string
  /** SHA-256 of the secret; the secret itself goes no further. */
  readonly digest: string
}

export function newOpaqueToken(jti: string): { readonly text: string; readonly digest: string } {
  const secret = randomSecret()
  return { text: `at_${jti}~${secret}`, digest: digestOf(secret) }
}

/** Never three parts with a dot between, by which resource servers tell a JWT. */
const OPAQUE = /^at_(([0-9a-f]{11}[A-Za-z0-9_-]{22})(\.[A-Za-z0-9_-]{22})?)~([A-Za-z0-9_-]{43})$/

/** Undefined for what was never an opaque token of ours. */
export function parseOpaqueToken(text: string): OpaqueToken | undefined {
  const [, jti, first, random, secret] = OPAQUE.exec(text) ?? []
  if (jti === undefined || first === undefined || secret === undefined) return undefined
  return { jti, digest: digestOf(secret), ...(random !== undefined && { grantId: first }) }
}
