/**
 * What a provider gave at a sign-in, kept for one use: signing out there (RP-Initiated Logout 2), where the tokens are revoked
 * too (RFC 7009). Sealed by the envelope key, bound to this browser by a cookie of its own, for as long as policy says. Nothing
 * is refreshed: what ends at the provider ends.
 */
import { clearCookie, cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type Envelope, EnvelopeError } from '../../kernel/envelope.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { OneUseStore } from '../../storage/port.ts'
import { withCookie } from '../session/answer-client.ts'
import type { KeptTokens, Provider } from './provider/provider.ts'

const COOKIE = 'sallyport_upstream'
const KIND = 'federation_session'
/** The provider's id and the secret. */
const VALUE = /^([a-z0-9][a-z0-9_-]{0,31})\.([A-Za-z0-9_-]{43})$/

export interface UpstreamSessionDeps {
  readonly issuer: string
  readonly envelope: Envelope
  readonly store: { readonly oneUse: Pick<OneUseStore, 'put' | 'take'> }
}

export interface ToKeep {
  readonly provider: Provider
  readonly sub: string
  readonly kept: KeptTokens
  readonly keepSeconds: number
}

const nameOf = (tenant: string, digest: string): string => `federation-session/${tenant}/${digest}`

function seal(envelope: Envelope, name: string, kept: KeptTokens): string {
  const plain = Buffer.from(JSON.stringify(kept))
  try {
    return envelope.seal(name, plain)
  } finally {
    plain.fill(0)
  }
}

/** The same answer, after which this browser can be signed out there. */
export async function keepForSignOut(
  deps: UpstreamSessionDeps,
  request: HttpRequest,
  reply: Reply,
  { provider, sub, kept, keepSeconds }: ToKeep,
): Promise<Reply> {
  if (keepSeconds === 0 || kept.idToken === undefined) return reply
  const secret = randomSecret()
  const digest = digestOf(secret)
  const now = request.origin.time.epoch_seconds
  const { id } = provider.options
  await deps.store.oneUse.put(request.tenant, digest, {
    v: 1,
    kind: KIND,
    sub,
    facts: { provider: id, sealed: seal(deps.envelope, nameOf(request.tenant, digest), kept) },
    createdAt: now,
    expiresAt: now + keepSeconds,
  })
  return withCookie(reply, setCookie(deps.issuer, COOKIE, `${id}.${secret}`, keepSeconds))
}

export interface UpstreamSession {
  readonly provider: string
  readonly secret: string
}

/** What the browser says; whether there is anything behind it is seen when it is taken. */
export function upstreamSessionOf(issuer: string, request: HttpRequest): UpstreamSession | undefined {
  const [, provider, secret] = VALUE.exec(request.cookies[cookieName(issuer, COOKIE)] ?? '') ?? []
  return provider === undefined || secret === undefined ? undefined : { provider, secret }
}

export const forgetUpstreamSession = (issuer: string, reply: Reply): Reply =>
  withCookie(reply, clearCookie(issuer, COOKIE))

/** It lives too short to be moved to another envelope key: once the key that sealed it is gone, it has ended. */
function openKept(envelope: Envelope, name: string, sealed: string): Uint8Array | undefined {
  try {
    return envelope.open(name, sealed)
  } catch (error) {
    if (error instanceof EnvelopeError && error.code === 'wrong_key') return undefined
    throw error
  }
}

/** Spends it: undefined where it has ended, or its person has. */
export async function takeUpstreamSession(
  deps: UpstreamSessionDeps,
  request: HttpRequest,
  { provider, secret }: UpstreamSession,
): Promise<KeptTokens | undefined> {
  const digest = digestOf(secret)
  const record = await deps.store.oneUse.take(request.tenant, KIND, digest)
  if (record?.facts.provider !== provider || typeof record.facts.sealed !== 'string') return undefined
  const plain = openKept(deps.envelope, nameOf(request.tenant, digest), record.facts.sealed)
  if (plain === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(plain).toString('utf8'))
  } finally {
    plain.fill(0)
  }
}
