/** What is known of an identity provider before it is asked anything: as configured, with the preset's values where it has some. */

export type ProviderKind = 'google' | 'microsoft' | 'github' | 'oidc'

export interface ProviderOptions {
  readonly id: string
  readonly kind: ProviderKind
  readonly displayName: string
  /** Exactly as its tokens say it (RFC 8414 3.3). At GitHub, which issues none, the address of its pages. */
  readonly issuer: string
  /** Microsoft: the directory whose `tid` alone is taken. */
  readonly tenant?: string | undefined
  /** Google: the Workspace domain whose `hd` alone is taken. */
  readonly hostedDomain?: string | undefined
  /** GitHub: where its API is. */
  readonly apiUrl: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly authMethod: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly scopes: readonly string[]
  readonly responseMode: 'query' | 'form_post'
  readonly userinfo: boolean
  readonly pins: readonly string[]
  /** PEM. */
  readonly ca?: string | undefined
  /** As `egress.allow`: private addresses that it may have. */
  readonly allow: readonly string[]
  readonly timeoutMs: number
  readonly retries: number
  readonly breaker: { readonly failures: number; readonly resetMs: number }
  readonly clockToleranceSeconds: number
  readonly dpop: 'auto' | 'on' | 'off'
  readonly keepTokens: 'none' | 'id_token' | 'all'
  readonly signOutReturns: boolean
  readonly groupsClaim?: string | undefined
  /** Role here by group there. */
  readonly roles: Readonly<Record<string, string>>
  /** SCIM attribute by claim. */
  readonly attributes: Readonly<Record<string, string>>
}

const OIDC_SCOPES = ['openid', 'profile', 'email'] as const

interface Preset {
  readonly displayName: string
  readonly issuer?: (tenant: string | undefined) => string
  readonly scopes: readonly string[]
}

/** Everything about one kind of provider that its documentation says, and not its metadata. */
export const PRESETS: Readonly<Record<ProviderKind, Preset>> = {
  google: { displayName: 'Google', issuer: () => 'https://accounts.google.com', scopes: OIDC_SCOPES },
  // One directory: the issuers of `common` and `organizations` would let anybody's directory in (nOAuth).
  microsoft: {
    displayName: 'Microsoft',
    issuer: (tenant) => `https://login.microsoftonline.com/${tenant}/v2.0`,
    scopes: OIDC_SCOPES,
  },
  github: { displayName: 'GitHub', issuer: () => 'https://github.com', scopes: ['read:user', 'user:email'] },
  oidc: { displayName: 'Single sign-on', scopes: OIDC_SCOPES },
}

export const GITHUB_API = 'https://api.github.com'
