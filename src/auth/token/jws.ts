/**
 * Signs and verifies compact JWS, RFC 7515 and 8725. Signing is node:crypto's, a quarter of the time of jose's and done
 * once a token; verification is jose's, with algorithm and key pinned by us and never by the header's word alone.
 */
import * as errors from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { isCompactJws } from '../client/foreign-jwt.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { KeyRing } from './key-ring.ts'
import type { SigningKey } from './signing-key.ts'

/**
 * What a token is for, so that none passes for another (RFC 8725 3.11): access tokens (RFC 9068 2.1), introspection answers
 * (RFC 9701 5), logout tokens (OIDC Back-Channel Logout 2.4), security event tokens (RFC 8417 2.3); ID tokens and signed userinfo are plain `JWT`.
 */
export type JwtKind = 'at+jwt' | 'JWT' | 'token-introspection+jwt' | 'logout+jwt' | 'secevent+jwt'

export interface SignOptions {
  /** As a client registered it, e.g. `id_token_signed_response_alg`; absent: the platform's own. */
  readonly alg?: string | undefined
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const headers = new WeakMap<SigningKey, Map<JwtKind, string>>()

function headerFor(key: SigningKey, typ: JwtKind): string {
  let made = headers.get(key)
  if (made === undefined) {
    made = new Map()
    headers.set(key, made)
  }
  let header = made.get(typ)
  if (header === undefined) {
    header = encode({ alg: key.alg, typ, kid: key.kid })
    made.set(typ, header)
  }
  return header
}

/** Throws OAuthError where no key of that algorithm signs here. */
export function signJwt(
  keys: Pick<KeyRing, 'current'>,
  typ: JwtKind,
  claims: Readonly<Record<string, unknown>>,
  { alg }: SignOptions = {},
): string {
  const key = keys.current(alg)
  const signed = `${headerFor(key, typ)}.${encode(claims)}`
  const signature = ALGORITHMS[key.alg].sign(key.privateKey, Buffer.from(signed))
  return `${signed}.${signature.toString('base64url')}`
}

/** What a header of ours has. A key or an address of one (`jwk`, `jku`, `x5c`, `x5u`) is never looked at: it is refused. */
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid'])

/** The claims, or undefined for whatever is not a token of that kind signed by us. Dates are not judged here. */
export async function verifyJwt(
  keys: Pick<KeyRing, 'find'>,
  typ: JwtKind,
  jwt: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (!isCompactJws(jwt)) return undefined
  try {
    const { payload } = await compactVerify(
      jwt,
      async (header) => {
        const { kid, alg } = header
        if (header.typ !== typ || Object.keys(header).some((name) => !HEADER_MEMBERS.has(name)))
          throw new errors.JWSInvalid('no header of ours')
        const key = kid === undefined ? undefined : await keys.find(kid)
        if (key === undefined) throw new errors.JWSInvalid('unknown kid')
        if (key.alg !== alg) throw new errors.JWSInvalid('another algorithm than that of the key')
        return key.publicKey
      },
      { algorithms: [...SIGNING_ALGORITHMS] },
    )
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined
  } catch (error) {
    // A store that cannot give the keys is not a bad token: it must read as unavailable.
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return undefined
    throw error
  }
}
