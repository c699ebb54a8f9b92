/**
 * DPoP proofs: a JWT under a key of the sender's, made for one request. RFC 9449 4.3, whose checks stand in its order in
 * `CHECKS`; the `jti` is spent last (11.1), by the caller, once all else of the request is right.
 */
import { createHash } from 'node:crypto'
import type { HttpRequest } from '../../http/message.ts'
import { equalSecrets } from '../../kernel/constant-time.ts'
import { DPOP_ALGORITHMS } from '../../kernel/proof-algorithms.ts'
import { type ForeignJwt, isSignedBy, readForeignJwt } from '../client/foreign-jwt.ts'
import { type PublicKey, readPublicKey } from '../client/public-key.ts'

/** What is wrong with a proof, as the audit trail has it, and what its maker is told. */
export const PROOF_FAULTS = {
  malformed: 'The header DPoP must hold one signed JWT of at most 8192 characters, without crit.',
  type: 'The typ of the proof must be dpop+jwt.',
  algorithm: `The alg of the proof must be one of ${DPOP_ALGORITHMS.join(', ')}, and fit its jwk.`,
  key: 'The jwk of the proof must be a public key that is fit for its alg, without private members.',
  jti: 'The proof needs a jti of at most 512 characters.',
  method: 'The htm of the proof must be the method of this request.',
  address: 'The htu of the proof must be the address of this request, without query and fragment.',
  time: 'The iat of the proof must be now.',
  token: 'The ath of the proof must be the SHA-256 of the access token.',
  signature: 'The signature of the proof is not made by its jwk.',
  replayed: 'The proof was used before: make a new one for each request.',
} as const
export type ProofFault = keyof typeof PROOF_FAULTS

export interface DpopProof {
  /** RFC 7638, SHA-256: names the key. */
  readonly jkt: string
  readonly jti: string
  readonly nonce: string | undefined
  /** From then on it is refused for its age, and need not be remembered. */
  readonly expiresAt: number
}

export interface ProofRules {
  /** What clients know this server by: the issuer, and the address of its listener for certificates. Without trailing slash. */
  readonly addresses: readonly string[]
  /** How long ago a proof may have been made. */
  readonly maxAgeSeconds: number
}

const MAX_LENGTH = 8 * 1024
const MAX_TEXT = 512
const MAX_ADDRESS = 2048
/** Of a client whose clock runs ahead, as for assertions. */
const AHEAD_SECONDS = 10

/** What of a request a proof speaks of. */
export type ProvenRequest = Pick<HttpRequest, 'method' | 'path' | 'origin'>

interface Question {
  readonly rules: ProofRules
  readonly request: ProvenRequest
  readonly accessToken: string | undefined
  readonly jwt: ForeignJwt
  readonly key: PublicKey | undefined
}

/** RFC 3986 6.2.2: what need not be escaped is not, and escapes have one form. */
const plainPath = (path: string): string =>
  path.replaceAll(/%([0-9a-f]{2})/gi, (escaped: string, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[\w.~-]/.test(character) ? character : escaped.toUpperCase()
  })

/** Scheme, host and path in their normal form (RFC 3986 6.2.2 and 6.2.3); undefined for what is no address of a server. */
function addressIn(text: string): string | undefined {
  if (text.length > MAX_ADDRESS || !URL.canParse(text)) return undefined
  const { protocol, host, pathname, username, password } = new URL(text)
  if (username !== '' || password !== '') return undefined
  return `${protocol}//${host}${plainPath(pathname)}`
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

function isTimely(iat: unknown, { request, rules }: Question): boolean {
  const now = request.origin.time.epoch_seconds
  return typeof iat === 'number' && iat >= now - rules.maxAgeSeconds && iat <= now + AHEAD_SECONDS
}

/** Each true where the proof is right. The signature comes after them: it costs the most. */
const CHECKS: readonly (readonly [ProofFault, (question: Question) => boolean])[] = [
  ['type', ({ jwt }) => jwt.header.typ === 'dpop+jwt'],
  ['algorithm', ({ jwt }) => DPOP_ALGORITHMS.some((alg) => alg === jwt.header.alg)],
  ['key', ({ jwt, key }) => key?.algs.some((alg) => alg === jwt.header.alg) === true],
  ['jti', ({ jwt }) => isText(jwt.claims.jti)],
  ['method', ({ jwt, request }) => jwt.claims.htm === request.method],
  [
    'address',
    ({ jwt, request, rules }) => {
      const named = typeof jwt.claims.htu === 'string' ? addressIn(jwt.claims.htu) : undefined
      return named !== undefined && rules.addresses.some((own) => named === addressIn(`${own}${request.path}`))
    },
  ],
  ['time', (question) => isTimely(question.jwt.claims.iat, question)],
  [
    'token',
    ({ jwt, accessToken }) =>
      accessToken === undefined ||
      (typeof jwt.claims.ath === 'string' && equalSecrets(jwt.claims.ath, hashOf(accessToken))),
  ],
]

/** Whether the proof is new is not judged here, nor its nonce. */
export async function readDpopProof(
  rules: ProofRules,
  request: ProvenRequest,
  text: string,
  accessToken?: string,
): Promise<DpopProof | ProofFault> {
  const jwt = readForeignJwt(text, MAX_LENGTH)
  if (jwt === undefined) return 'malformed'
  const key = readPublicKey(jwt.header.jwk)
  const question = { rules, request, accessToken, jwt, key }
  const wrong = CHECKS.find(([, holds]) => !holds(question))
  if (wrong !== undefined) return wrong[0]
  if (key === undefined || !(await isSignedBy(jwt, key.key))) return 'signature'
  const { jti, nonce, iat } = jwt.claims
  return {
    jkt: key.thumbprint,
    jti: String(jti),
    nonce: typeof nonce === 'string' ? nonce : undefined,
    expiresAt: Math.floor(Number(iat)) + rules.maxAgeSeconds + 1,
  }
}
