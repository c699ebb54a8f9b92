/**
 * Introspection with a bounded memory: a token is asked about once in `cacheSeconds`, however many requests bring it at
 * once. RFC 7662, whose section 4 says what caching costs: a revocation is seen that much later.
 */
import { createHash } from 'node:crypto'
import { type Access, AccessRefused } from './access.ts'
import { readAccess } from './jwt.ts'
import { fetchJson, type Provider } from './provider.ts'

export interface IntrospectionOptions {
  readonly clientId: string
  /** Read at each use, so that a rotated secret is taken up. */
  readonly clientSecret: () => string | Promise<string>
  /** 0: every request asks. Default 5, at most 60. */
  readonly cacheSeconds?: number
  /** Tokens remembered; the oldest go first. Default 1,000. */
  readonly cacheEntries?: number
}

interface Remembered {
  readonly until: number
  readonly answer: Promise<Access>
}

const INVALID = () => new AccessRefused('invalid_token', 'The access token is invalid, expired or revoked.')

/** RFC 6749 2.3.1. */
const formEncode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

/**
 * RFC 7662 2.2: a refresh token is active too, for the client that holds it, and has no `token_type`. What is bound by DPoP
 * says so there (RFC 9449 6.2).
 */
function isAccessToken({ active, token_type: type, cnf }: Readonly<Record<string, unknown>>): boolean {
  const isBound = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf
  return active === true && type === (isBound ? 'DPoP' : 'Bearer')
}

export interface Asker {
  readonly address: string
  /** The provider has signed the token: it is nothing that anybody can make up. */
  readonly isSigned: boolean
}

export function introspector(
  issuer: string,
  audience: string,
  options: IntrospectionOptions,
  provider: () => Promise<Provider>,
): (token: string, asker: Asker) => Promise<Access> {
  const { cacheSeconds = 5, cacheEntries = 1000 } = options
  if (!(cacheSeconds >= 0 && cacheSeconds <= 60)) throw new RangeError('introspection.cacheSeconds: 0 to 60')
  if (!(cacheEntries >= 1)) throw new RangeError('introspection.cacheEntries: 1 or more')
  const remembered = new Map<string, Remembered>()
  const refusals = refusalCounter()

  async function ask(token: string): Promise<Readonly<Record<string, unknown>>> {
    const { introspectionEndpoint } = await provider()
    if (introspectionEndpoint === undefined) throw new Error(`${issuer} has no introspection endpoint`)
    const credential = `${formEncode(options.clientId)}:${formEncode(await options.clientSecret())}`
    return fetchJson(introspectionEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(credential).toString('base64')}`, accept: 'application/json' },
      body: new URLSearchParams({ token }),
    })
  }

  async function judge(token: string): Promise<Access> {
    const answer = await ask(token).catch((cause: unknown) => {
      throw new AccessRefused('temporarily_unavailable', 'The provider does not answer.', { cause })
    })
    const access = isAccessToken(answer) ? readAccess(answer) : undefined
    if (access === undefined || !access.audience.includes(audience)) throw INVALID()
    return access
  }

  return async (token, { address, isSigned }) => {
    const key = createHash('sha256').update(token).digest('base64url')
    const now = Date.now() / 1000
    const known = remembered.get(key)
    const isKnown = known !== undefined && known.until > now
    if (!isKnown && !isSigned && refusals.isOver(address))
      throw new AccessRefused('too_many_requests', 'Too many tokens that are none came from here.')
    const answer = isKnown ? known.answer : judge(token)
    if (answer !== known?.answer) remember(key, { until: now + cacheSeconds, answer })
    const access = await answer.catch((cause: unknown) => {
      if (!isSigned && cause instanceof AccessRefused && cause.code === 'invalid_token') refusals.add(address)
      throw cause
    })
    if (access.expiresAt <= Date.now() / 1000) throw INVALID()
    return access
  }

  function remember(key: string, entry: Remembered): void {
    if (cacheSeconds === 0) return
    remembered.delete(key)
    for (const oldest of remembered.keys()) {
      if (remembered.size < cacheEntries) break
      remembered.delete(oldest)
    }
    remembered.set(key, entry)
    // Nothing that failed is remembered: the provider may be back, and a refusal costs the caller, not us.
    entry.answer.catch(() => {
      if (remembered.get(key) === entry) remembered.delete(key)
    })
  }
}

const REFUSALS_A_MINUTE = 120
const MAX_ADDRESSES = 10_000

/** Whoever sends what is no token costs the provider a question each: an address may do so this often in a minute. */
function refusalCounter() {
  let minute = 0
  const counts = new Map<string, number>()
  const ofNow = () => {
    const now = Math.floor(Date.now() / 60_000)
    if (now !== minute || counts.size > MAX_ADDRESSES) counts.clear()
    minute = now
    return counts
  }
  return {
    isOver: (address: string) => (ofNow().get(address) ?? 0) >= REFUSALS_A_MINUTE,
    add: (address: string) => void ofNow().set(address, (counts.get(address) ?? 0) + 1),
  }
}
