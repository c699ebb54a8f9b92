/**
 * Client authentication by assertion: private_key_jwt and client_secret_jwt. RFC 7521 4.2, RFC 7523 3, OIDC Core 9, FAPI 2.0
 * 5.3.2.1. What can be told from the text is judged before any client or key is looked for; the `jti` is spent last.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { Envelope } from '../../kernel/envelope.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ReplayStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ClientKeys } from './client-keys.ts'
import { type ForeignJwt, isSignedBy, readForeignJwt } from './foreign-jwt.ts'
import { isSignatureAlg, type SignatureAlg } from './public-key.ts'
import { someSecret } from './sealed-secret.ts'

/** What the text alone shows, whoever the client is, and what its maker is told. */
const ADVICE = {
  assertion_malformed: 'client_assertion must be a signed JWT of at most 8192 characters, without crit.',
  assertion_algorithm: 'The assertion is signed by an algorithm that is not supported here.',
  assertion_claims: 'The assertion needs iss and sub, both the client_id, and a jti of at most 512 characters.',
  assertion_audience: 'The audience of the assertion must be the issuer, as one string.',
  assertion_time: 'The assertion needs an exp within the next hour, and must not be from the future.',
} as const

/** What is wrong with one, as the audit trail has it. */
export type AssertionFault = keyof typeof ADVICE | 'assertion_signature' | 'assertion_replayed'

export interface Unfit {
  readonly fault: AssertionFault
  readonly advice: string
}

const unfit = (fault: keyof typeof ADVICE): Unfit => ({ fault, advice: ADVICE[fault] })

export interface ClientAssertion {
  readonly clientId: string
  readonly method: 'private_key_jwt' | 'client_secret_jwt'
  readonly jwt: ForeignJwt
  readonly jti: string
  readonly audience: 'issuer' | 'endpoint'
  readonly expiresAt: number
}

export interface ClientAssertions {
  /** Judges the text alone. */
  read(request: HttpRequest, text: string): ClientAssertion | Unfit
  /** Undefined where the client made it, for us, and it is used for the first time. */
  refuse(tenant: string, client: ClientRecord, assertion: ClientAssertion): Promise<AssertionFault | undefined>
}

export interface AssertionDeps {
  readonly issuer: string
  readonly store: { readonly replay: ReplayStore }
  readonly keys: ClientKeys
  readonly envelope: Envelope
}

const MAX_LENGTH = 8 * 1024
const MAX_TEXT = 512
/** Of a client whose clock runs ahead: FAPI 2.0 5.3.2.1 asks for 10 s, and lets more than 60 s in no case. */
const AHEAD_SECONDS = 10
/** Each is remembered until it expires, and what is stolen is good until then. Some libraries make them for an hour. */
const MAX_LIFETIME_SECONDS = 60 * 60
/** RFC 7519 5.1 leaves it out, or `JWT`; the update of RFC 7523 names its own. Another type is another protocol's token. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'jwt', 'client-authentication+jwt']
/** Unless a client is registered for another one: RS256 (RFC 8725 3.2, FAPI 2.0 5.4). */
const USUAL_ALGS: readonly SignatureAlg[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256']
/** Of clients in the old ways: OIDC Core 15.1 makes RS256 the algorithm that all have. */
const OLD_ALGS: readonly SignatureAlg[] = [...USUAL_ALGS, 'RS256']
const MAC_ALG = 'HS256'

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT
const isDate = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/**
 * `issuer`: the issuer itself, as text, which is the only audience that no other server can be handed (the audience
 * injection of 2025). `endpoint`: in the old ways of RFC 7523 3, for clients that are registered for them.
 */
function audienceIn(aud: unknown, issuer: string, path: string): ClientAssertion['audience'] | undefined {
  if (aud === issuer) return 'issuer'
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return [issuer, `${issuer}/oauth/token`, `${issuer}${path}`].some((own) => own === only) ? 'endpoint' : undefined
}

function isTimely({ exp, nbf, iat }: ForeignJwt['claims'], now: number): boolean {
  if (!isDate(exp) || exp <= now || exp > now + MAX_LIFETIME_SECONDS + AHEAD_SECONDS) return false
  return [nbf, iat].every((date) => date === undefined || (isDate(date) && date <= now + AHEAD_SECONDS))
}

function read(issuer: string, request: HttpRequest, text: string): ClientAssertion | Unfit {
  const jwt = readForeignJwt(text, MAX_LENGTH)
  if (jwt === undefined || !TYPES.includes(jwt.header.typ)) return unfit('assertion_malformed')
  const { alg } = jwt.header
  if (alg !== MAC_ALG && !isSignatureAlg(alg)) return unfit('assertion_algorithm')
  const { iss, sub, jti, aud, exp } = jwt.claims
  if (!isText(sub) || iss !== sub || !isText(jti)) return unfit('assertion_claims')
  const audience = audienceIn(aud, issuer, request.path)
  if (audience === undefined) return unfit('assertion_audience')
  if (!isTimely(jwt.claims, request.origin.time.epoch_seconds)) return unfit('assertion_time')
  const method = alg === MAC_ALG ? 'client_secret_jwt' : 'private_key_jwt'
  return { clientId: sub, method, jwt, jti, audience, expiresAt: Math.ceil(Number(exp)) }
}

/** RFC 8725 3.1: the alg that the client is registered for, else one of the usual. */
function mayUse({ metadata = {} }: ClientRecord, { method, jwt }: ClientAssertion): boolean {
  const registered = metadata.token_endpoint_auth_signing_alg
  if (registered !== undefined) return jwt.header.alg === registered
  const usual = metadata.assertion_audience === 'endpoint' ? OLD_ALGS : USUAL_ALGS
  return method === 'client_secret_jwt' || usual.some((alg) => alg === jwt.header.alg)
}

async function isMade(deps: AssertionDeps, tenant: string, client: ClientRecord, { method, jwt }: ClientAssertion) {
  if (method === 'client_secret_jwt')
    return someSecret(deps.envelope, tenant, client, (secret) => isSignedBy(jwt, secret))
  for (const { key } of await deps.keys.candidates(client, jwt)) if (await isSignedBy(jwt, key)) return true
  // Without a kid nothing but the signature tells that the client has changed its key.
  for (const { key } of await deps.keys.renewed(client, jwt)) if (await isSignedBy(jwt, key)) return true
  return false
}

/** Whether it names an endpoint, as this client is not registered to. Told to nobody: who is, is no stranger's to find out. */
export const isMisdirected = (client: ClientRecord | undefined, { audience }: ClientAssertion): boolean =>
  audience === 'endpoint' && client?.metadata?.assertion_audience !== 'endpoint'

export function clientAssertions(deps: AssertionDeps): ClientAssertions {
  return {
    read: (request, text) => read(deps.issuer, request, text),
    async refuse(tenant, client, assertion) {
      const { clientId, jti, expiresAt } = assertion
      if (!mayUse(client, assertion)) return 'assertion_algorithm'
      if (!(await isMade(deps, tenant, client, assertion))) return 'assertion_signature'
      // By client: what one names its assertions is nothing to another.
      const key = digestOf(JSON.stringify(['client_assertion', clientId, jti]))
      return (await deps.store.replay.firstUse(tenant, key, expiresAt)) ? undefined : 'assertion_replayed'
    },
  }
}
