/**
 * GitHub: OAuth 2.0 (RFC 6749 4.1, RFC 7636) without ID tokens; who came is asked of its API. Its numeric id is the subject, a
 * login can change hands; of its addresses the primary one counts, where GitHub says that it is verified (checklist 43).
 */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchProtectedResource,
} from 'openid-client'
import { FederationError, federationFailure } from './failure.ts'
import { configurationOf, type ProviderParts } from './openid.ts'
import type { ProviderOptions } from './options.ts'
import type { Came, Provider, Trip } from './provider.ts'
import { type Claims, upstreamOf } from './upstream.ts'

const isRecord = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function ask(options: ProviderOptions, to: Configuration, token: string, path: string): Promise<unknown> {
  const headers = new Headers({ accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' })
  const answer = await fetchProtectedResource(to, token, new URL(`${options.apiUrl}${path}`), 'GET', null, headers)
  if (answer.status !== 200)
    throw new FederationError('wrong_token', options.id, { detail: `${path}: ${answer.status}` })
  return await answer.json()
}

/** The primary address, where it is verified: any other may be somebody else's by now. */
function primaryEmail(answer: unknown): string | undefined {
  const entries = Array.isArray(answer) ? answer.filter(isRecord) : []
  const primary = entries.find((entry) => entry.primary === true && entry.verified === true)
  return typeof primary?.email === 'string' ? primary.email : undefined
}

async function whoCame(options: ProviderOptions, to: Configuration, token: string): Promise<Came> {
  const [user, emails] = await Promise.all([ask(options, to, token, '/user'), ask(options, to, token, '/user/emails')])
  if (!isRecord(user) || !Number.isSafeInteger(user.id) || Number(user.id) < 1)
    throw new FederationError('wrong_token', options.id, { detail: '/user names no id' })
  const email = primaryEmail(emails)
  const { email: _unverified, avatar_url: picture, login: preferred_username, ...rest } = user
  const verified = email === undefined ? {} : { email, email_verified: true }
  return {
    upstream: upstreamOf(options, String(user.id), { ...rest, picture, preferred_username, ...verified }),
    kept: {},
  }
}

export function githubProvider(parts: ProviderParts): Provider {
  const { options } = parts
  const metadata = {
    issuer: options.issuer,
    authorization_endpoint: `${options.issuer}/login/oauth/authorize`,
    token_endpoint: `${options.issuer}/login/oauth/access_token`,
  }
  const redeem = async (callback: URL, { state, codeVerifier }: Trip): Promise<Came> => {
    const to = configurationOf(parts, metadata)
    const checks = { expectedState: state, pkceCodeVerifier: codeVerifier }
    const { access_token: token } = await authorizationCodeGrant(to, callback, checks)
    return whoCame(options, to, token)
  }
  return {
    options,
    get state() {
      return parts.state()
    },
    authorizationUrl: async ({ redirectUri, state, codeVerifier, askAnew }) =>
      buildAuthorizationUrl(configurationOf(parts, metadata), {
        redirect_uri: redirectUri,
        scope: options.scopes.join(' '),
        state,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(askAnew && { prompt: 'select_account' }),
      }),
    redeem: async (callback, trip) => {
      try {
        return await redeem(callback, trip)
      } catch (error) {
        throw federationFailure(options.id, error, 'wrong_token')
      }
    },
    signOutUrl: async () => undefined,
    revoke: async () => undefined,
    origin: new URL(options.issuer).origin,
    close: parts.close,
  }
}
