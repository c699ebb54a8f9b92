/**
 * Signs and verifies compact JWS, RFC 7515 and 8725. Signing is node:crypto's, a quarter of the time of jose's and done
 * once a token; verification is jose's, with algorithm and key pinned by us and never by the header's word alone.
 */
import { sign } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { KeyRing } from './key-ring.ts'

/** RFC 9068 2.1; ID tokens are plain `JWT`, so that neither can pass for the other. */
export type JwtKind = 'at+jwt' | 'JWT'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const headers = new Map<string, string>()

function headerFor(kid: string, typ: JwtKind): string {
  const name = `${typ} ${kid}`
  const known = headers.get(name)
  if (known !== undefined) return known
  const made = encode({ alg: 'ES256', typ, kid })
  headers.set(name, made)
  return made
}

export function signJwt(
  keys: Pick<KeyRing, 'current'>,
  typ: JwtKind,
  claims: Readonly<Record<string, unknown>>,
): string {
  const key = keys.current()
  const signed = `${headerFor(key.kid, typ)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** The claims, or undefined for whatever is not a token of that kind signed by us. Dates are not judged here. */
export async function verifyJwt(
  keys: Pick<KeyRing, 'find'>,
  typ: JwtKind,
  jwt: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(
      jwt,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await keys.find(kid)
        if (key === undefined) throw new errors.JWSInvalid('unknown kid')
        return key.publicKey
      },
      { algorithms: ['ES256'] },
    )
    if (protectedHeader.typ !== typ) return undefined
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
