/** Who is in the stores of both sides: the same clients with the same secrets, new for every run. */
import { randomBytes } from 'node:crypto'

export const CLIENTS = 1000
export const USERS = 10_000
/** Tokens that are introspected in turn. */
export const TOKENS = 500

export const JWT_RESOURCE = 'urn:sallyport:default'
export const OPAQUE_RESOURCE = 'urn:sallyport:opaque'
/** Of policies/rbac/data.yaml; what the clients of both sides ask for. */
export const SCOPE = 'orders:read'
export const TOKEN_TTL_SECONDS = 3600

/** A web application of the same organisation, and people who are signed in to it. */
export const REDIRECT_URI = 'http://127.0.0.1:9/callback'
export const WEB_SCOPE = `openid offline_access ${SCOPE}`
export const PEOPLE = 32

export interface Credentials {
  readonly clientId: string
  readonly secret: string
}

/** What both servers are given, as a file that only this user can read. */
export interface Population {
  readonly clients: readonly Credentials[]
  /** Asks for introspection. */
  readonly resourceServer: Credentials
  /** Sends people to sign in, and refreshes their tokens. */
  readonly web: Credentials
  /** Values of the session cookies of the first users. */
  readonly sessions: readonly string[]
  readonly scope: string
}

const credentials = (clientId: string): Credentials => ({ clientId, secret: randomBytes(32).toString('base64url') })

export function makePopulation(): Population {
  return {
    clients: Array.from({ length: CLIENTS }, (_, index) => credentials(`client-${String(index).padStart(4, '0')}`)),
    resourceServer: credentials('resource-server'),
    web: credentials('web'),
    sessions: Array.from({ length: PEOPLE }, () => randomBytes(32).toString('base64url')),
    scope: SCOPE,
  }
}

/** RFC 6749 2.3.1; ids and secrets of the population need no form encoding. */
export const basic = ({ clientId, secret }: Credentials): string =>
  `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
