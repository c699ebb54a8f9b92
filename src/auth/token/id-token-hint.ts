/**
 * ID tokens of ours that come back as `id_token_hint`, expired ones too: they prove whom a client means, never who is there.
 * OIDC Core 3.1.2.1, RP-Initiated Logout 1.0 2.
 */
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { readForeignJwt } from '../client/foreign-jwt.ts'
import { verifyJwt } from './jws.ts'
import type { KeyRing } from './key-ring.ts'

export interface IdTokenHint {
  readonly clientId: string
  /** The person as that client reads them. */
  readonly sub: string
  /** The session as that client reads it. */
  readonly sid?: string
}

/** Longer than any that we make with claims in reason. */
const MAX_LENGTH = 16 * 1024

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Undefined for what is no ID token of ours: signed userinfo has no `auth_time`. */
export async function readIdTokenHint(
  deps: { readonly keys: Pick<KeyRing, 'find'>; readonly issuer: string },
  text: string,
): Promise<IdTokenHint | undefined> {
  if (text.length > MAX_LENGTH) return undefined
  const claims = await verifyJwt(deps.keys, 'JWT', text)
  if (claims === undefined) return undefined
  const { iss, aud, sub, sid, exp, auth_time: authTime } = claims
  if (iss !== deps.issuer || !isText(aud) || !isText(sub)) return undefined
  if (typeof exp !== 'number' || typeof authTime !== 'number') return undefined
  return { clientId: aud, sub, ...(isText(sid) && { sid }) }
}

/**
 * Reads like an ID token of ours under a key that is gone, retired or revoked. Nothing proves it: it is worth no more than no
 * hint at all, and no error of who kept it.
 */
export async function isOfGoneKey(
  deps: { readonly keys: Pick<KeyRing, 'find'>; readonly issuer: string },
  text: string,
): Promise<boolean> {
  const read = readForeignJwt(text, MAX_LENGTH)
  if (read === undefined || read.claims.iss !== deps.issuer) return false
  const { alg, typ, kid, ...others } = read.header
  if (typ !== 'JWT' || !isText(kid) || Object.keys(others).length > 0) return false
  return SIGNING_ALGORITHMS.some((one) => one === alg) && (await deps.keys.find(kid)) === undefined
}
