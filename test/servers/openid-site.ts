/**
 * For tests: npm `oidc-provider` over TLS, shaped as Google or as one directory of Microsoft's. Whoever comes is signed in as
 * `person`. What it answers can be changed on the way out, as an attacker or a mistake would change it.
 */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import Provider, { interactionPolicy } from 'oidc-provider'
import { randomId } from '../../src/kernel/ids.ts'
import type { Certificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { openSecureSite, type SecureSite } from './secure-site.ts'

type Json = Readonly<Record<string, unknown>>

export interface OpenIdSite extends SecureSite {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret: string }
  /** Who signs in there next. */
  person: { readonly sub: string } & Json
  /** Changes an answer by the path's last part: `token`, `jwks`, `me`, `openid-configuration`. */
  readonly alter: Map<string, (body: Json) => Json>
  /** ID tokens are signed by a new key from now on; `published`: and its key set holds that one alone. */
  rotate(published?: boolean): void
  /** Its key set holds another key alone, and it signs on as before. */
  withdraw(): void
  /** Its first keys again, as if nothing had been rotated. */
  restoreKeys(): void
  /** The ID token that it gave, with other claims, signed by its own key, or by a stranger's under its name. */
  resign(idToken: unknown, changes: Json, by?: 'stranger'): Promise<string>
  /** What takes the place of its ID tokens. */
  alterToken: ((body: Json) => Promise<string>) | undefined
}

export interface OpenIdSiteOptions {
  readonly redirectUris: readonly string[]
  readonly postLogoutUris?: readonly string[]
  /** Part of the issuer's path, as Microsoft has it. */
  readonly tenant?: string
  readonly dpop?: boolean
}

const PATHS: Readonly<Record<string, string>> = { '/.well-known/openid-configuration': 'openid-configuration' }

const lastPart = (path: string): string => PATHS[path] ?? path.slice(path.lastIndexOf('/') + 1)

/** Google and Microsoft know it, oidc-provider only so. */
function withSelectAccount() {
  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  return policy
}

const newKey = () => ({ kid: randomId(8), ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) })

export async function openOpenIdSite(
  certificates: Pick<Certificates, 'certFile' | 'keyFile'>,
  { redirectUris, postLogoutUris = [], tenant, dpop = false }: OpenIdSiteOptions,
): Promise<OpenIdSite> {
  const port = await freePort()
  const path = tenant === undefined ? '' : `/${tenant}/v2.0`
  const issuer = `https://localhost:${port}${path}`
  const client = { id: `client-${randomId(6)}`, secret: randomId(32) }
  const first = newKey()
  let signer: { readonly kid: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject } = first
  const alter = new Map<string, (body: Json) => Json>()

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: redirectUris,
        post_logout_redirect_uris: postLogoutUris,
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => (site.person.sub === sub ? site.person : { sub }),
    }),
    claims: {
      openid: ['sub', 'tid', 'hd', 'groups', 'amr'],
      email: ['email', 'email_verified', 'xms_edov'],
      profile: ['name', 'given_name', 'family_name', 'locale', 'picture', 'preferred_username'],
    },
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    conformIdTokenClaims: false,
    issueRefreshToken: () => true,
    interactions: {
      policy: withSelectAccount(),
      url: (_context: unknown, { uid }: { uid: string }) => `${path}/interaction/${uid}`,
    },
    cookies: { keys: [randomId()] },
    jwks: { keys: [{ ...first.privateKey.export({ format: 'jwk' }), kid: first.kid, alg: 'ES256', use: 'sig' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      dPoP: { enabled: dpop },
    },
  })
  provider.use(async (context, next) => {
    if (context.path.startsWith('/interaction/')) {
      const accountId = site.person.sub
      const grant = new provider.Grant({ accountId, clientId: client.id })
      grant.addOIDCScope('openid email profile offline_access')
      const consent = { grantId: await grant.save() }
      await provider.interactionFinished(context.req, context.res, {
        login: { accountId },
        consent,
        select_account: {},
      })
      context.respond = false
      return
    }
    await next()
    const change = alter.get(lastPart(context.path))
    if (change && typeof context.body === 'object' && context.body !== null) context.body = change({ ...context.body })
    if (lastPart(context.path) === 'token') context.body = await withIdToken(context.body as Json)
  })
  const publish = ({ kid, publicKey }: Omit<typeof signer, 'privateKey'>): void => {
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
    alter.set('jwks', () => ({ keys: [jwk] }))
  }
  const withIdToken = async (body: Json): Promise<Json> => {
    if (typeof body.id_token !== 'string') return body
    if (site.alterToken) return { ...body, id_token: await site.alterToken(body) }
    return signer === first ? body : { ...body, id_token: await site.resign(body.id_token, {}) }
  }

  const handle = provider.callback()
  const secure = await openSecureSite(certificates, port, (request, response) => {
    const url = request.url ?? '/'
    if (path !== '' && !url.startsWith(path)) return void response.writeHead(404).end()
    Object.assign(request, { originalUrl: url, url: url.slice(path.length) || '/' })
    handle(request, response)
  })
  const site: OpenIdSite = Object.assign(secure, {
    issuer,
    client,
    person: { sub: randomUUID() } as OpenIdSite['person'],
    alter,
    rotate: (published = true) => {
      signer = newKey()
      if (published) publish(signer)
    },
    withdraw: () => publish(newKey()),
    restoreKeys: () => {
      signer = first
      alter.delete('jwks')
    },
    resign: (idToken: unknown, changes: Json, by?: 'stranger') => {
      const claims = { ...decodeJwt(String(idToken)), ...changes }
      const { privateKey } = by === 'stranger' ? newKey() : signer
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: signer.kid }).sign(privateKey)
    },
    alterToken: undefined as OpenIdSite['alterToken'],
  })
  return site
}
