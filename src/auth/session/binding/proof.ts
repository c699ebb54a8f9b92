/**
 * The DBSC proof: a JWT that the device signs with the session's key, in the header Secure-Session-Response. Device Bound
 * Session Credentials, "DBSC Proof JWT Syntax"; header fields by RFC 9651. Who made it is judged by its challenge (`jti`), of
 * ours, and by its key: the one it brings at registration, the one that is registered ever after.
 */
import type { HttpRequest } from '../../../http/message.ts'
import type { DeviceKey } from '../../../storage/records.ts'
import { type ForeignJwt, isSignedBy, readForeignJwt } from '../../client/foreign-jwt.ts'
import { readPublicKey } from '../../client/public-key.ts'

/** What we offer to take; the draft knows `none` as well, which proves nothing. */
export const PROOF_ALGORITHMS = ['ES256', 'RS256'] as const
type ProofAlgorithm = (typeof PROOF_ALGORITHMS)[number]

const MAX_LENGTH = 8 * 1024
const MAX_CHALLENGE = 256

const isProofAlgorithm = (alg: string): alg is ProofAlgorithm => PROOF_ALGORITHMS.some((known) => known === alg)

/** An RFC 9651 string, 3.3.3, of what needs no escapes; browsers have sent it bare too. Parameters are passed over. */
export function textOfHeader(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name]
  if (value === undefined || value.length > MAX_LENGTH) return undefined
  const [, quoted, bare] = /^\s*(?:"([^"\\]*)"|([A-Za-z0-9_.~-]+))\s*(?:;.*)?$/.exec(value) ?? []
  return quoted ?? bare
}

export interface DeviceProof {
  readonly challenge: string
  readonly jwt: ForeignJwt
  readonly alg: ProofAlgorithm
}

/** Not verified yet. Undefined for what is no such proof. */
export function readDeviceProof(request: Pick<HttpRequest, 'headers'>): DeviceProof | undefined {
  const text = textOfHeader(request, 'secure-session-response')
  const jwt = text === undefined ? undefined : readForeignJwt(text, MAX_LENGTH)
  if (jwt === undefined || jwt.header.typ !== 'dbsc+jwt' || !isProofAlgorithm(jwt.header.alg)) return undefined
  const { jti } = jwt.claims
  if (typeof jti !== 'string' || jti.length > MAX_CHALLENGE) return undefined
  return { challenge: jti, jwt, alg: jwt.header.alg }
}

/** The key that the proof brings, once it has signed it; undefined where it did not, or is not fit to. */
export async function keyOfProof({ jwt, alg }: DeviceProof, nowSeconds: number): Promise<DeviceKey | undefined> {
  const jwk = jwt.header.jwk
  const key = readPublicKey(jwk)
  if (key === undefined || !key.algs.some((own) => own === alg) || !(await isSignedBy(jwt, key.key))) return undefined
  const { kty, crv, x, y, n, e } = Object(jwk)
  const members = kty === 'EC' ? { kty, crv, x, y } : { kty, n, e }
  return { alg, jwk: members, thumbprint: key.thumbprint, boundAt: nowSeconds }
}

/** Whether the registered key signed it, under the algorithm that it was registered with (RFC 8725 3.1). */
export async function isProofOf({ jwt, alg }: DeviceProof, registered: DeviceKey): Promise<boolean> {
  const key = readPublicKey(registered.jwk)
  return key !== undefined && alg === registered.alg && (await isSignedBy(jwt, key.key))
}
