/** What a request to a named service shows: a bearer token, or one from a token endpoint (RFC 6749 4.4). Never logged. */
import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { type Egress, EgressError, type EgressTls } from './egress.ts'

export interface BearerOptions {
  readonly token?: string
  /** Read at first use, and again when the service refuses what it held. */
  readonly tokenFile?: string
  /** Default `Bearer`. */
  readonly scheme?: string
}

export interface Oauth2Options {
  readonly tokenUrl: URL
  readonly clientId: string
  readonly clientSecret?: string
  readonly clientSecretFile?: string
  readonly scopes?: readonly string[]
}

export interface Credentials {
  /** Value of the Authorization header; undefined for none. Throws EgressError where it cannot be had. */
  authorization(): Promise<string | undefined>
  /** The service refused what was shown last. True: what comes next may differ, so that one more try is worth it. */
  refused(): boolean
}

export const NO_CREDENTIALS: Credentials = { authorization: async () => undefined, refused: () => false }

/** A header's value in one line of visible ASCII; anything else could smuggle a header. */
const TOKEN = /^[\x21-\x7e]+$/

export function bearerCredentials({ token, tokenFile, scheme = 'Bearer' }: BearerOptions): Credentials {
  let held = token
  return {
    authorization: async () => {
      held ??= tokenFile === undefined ? undefined : await readSecret(tokenFile, 'token_file')
      if (held === undefined || !TOKEN.test(held)) throw unusable('the bearer token is not visible ASCII characters')
      return `${scheme} ${held}`
    },
    refused: () => {
      if (tokenFile === undefined) return false
      held = undefined
      return true
    },
  }
}

interface TokenAnswer {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in?: number
}

/** Asked again this long before it ends: it must live while the request is under way. */
const EARLY_MS = 10_000
const DEFAULT_LIFETIME_SECONDS = 60
const TOKEN_DEADLINE_MS = 10_000

export interface Oauth2Deps {
  readonly egress: Egress
  readonly tls?: () => Promise<EgressTls | undefined>
  readonly clock?: Clock
}

/** One token for all requests, one request for a token at a time. */
export function oauth2Credentials(options: Oauth2Options, deps: Oauth2Deps): Credentials {
  const { egress, tls, clock = systemClock } = deps
  let held: { readonly token: string; readonly endsMs: number } | undefined
  let asking: Promise<string> | undefined

  const ask = async (): Promise<string> => {
    const secret =
      options.clientSecretFile === undefined
        ? options.clientSecret
        : await readSecret(options.clientSecretFile, 'client_secret_file')
    if (secret === undefined) throw unusable('oauth2 has no client secret')
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    if (options.scopes?.length) body.set('scope', options.scopes.join(' '))
    const shown = await tls?.()
    const answer = await egress.request({
      method: 'POST',
      url: options.tokenUrl,
      headers: {
        authorization: `Basic ${basic(options.clientId, secret)}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: body.toString(),
      deadlineMs: TOKEN_DEADLINE_MS,
      maxBytes: 64 * 1024,
      ...(shown && { tls: shown }),
    })
    const token = answer.status === 200 ? readToken(answer.body) : undefined
    if (token === undefined) throw unusable(`the token endpoint answers ${answer.status} and no bearer token`)
    const lifetime = (token.expires_in ?? DEFAULT_LIFETIME_SECONDS) * 1000
    held = { token: token.access_token, endsMs: clock.nowMs() + lifetime - EARLY_MS }
    return token.access_token
  }
  return {
    authorization: async () => {
      if (held !== undefined && held.endsMs > clock.nowMs()) return `Bearer ${held.token}`
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return `Bearer ${await asking}`
    },
    refused: () => {
      held = undefined
      return true
    },
  }
}

/** RFC 6749 2.3.1: both parts are form-encoded first. */
const basic = (id: string, secret: string): string =>
  Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')
const formEncoded = (text: string): string => new URLSearchParams({ _: text }).toString().slice(2)

function readToken(body: Uint8Array): TokenAnswer | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
  return isTokenAnswer(answer) ? answer : undefined
}

function isTokenAnswer(answer: unknown): answer is TokenAnswer {
  if (typeof answer !== 'object' || answer === null) return false
  const { access_token: token, token_type: type, expires_in: seconds } = answer as Record<string, unknown>
  const lives = seconds === undefined || (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0)
  return typeof token === 'string' && TOKEN.test(token) && /^bearer$/i.test(String(type)) && lives
}

async function readSecret(file: string, setting: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new EgressError('unreachable', `${setting}: ${file} cannot be read`, { cause })
  }
}

const unusable = (message: string) => new EgressError('unreachable', message)
