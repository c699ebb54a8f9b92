/** Asks `register`, and binds what a client asks to be by the terms of the answer. RFC 7591 3.2.1: a server may replace values. */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { DecisionInput, Obligations } from '../../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../../policy-engine/decide.ts'
import type { ClientStore, LimitStore } from '../../../storage/port.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import type { Offered } from '../../client/metadata/offered.ts'
import type { SectorDeps } from '../../client/metadata/sector.ts'
import type { ClientSettings } from '../../client/metadata/together.ts'
import { actorFacts } from '../../session/actor-facts.ts'
import type { Bearer, BearerDeps } from '../../token/bearer.ts'

/** What every registration endpoint needs. */
export type RegisterDeps = BearerDeps &
  SectorDeps & {
    readonly issuer: string
    readonly store: { readonly clients: ClientStore; readonly limits: Pick<LimitStore, 'hit'> }
    readonly decide: Decide
    readonly audit: Audit
    readonly offered: () => Offered
    readonly sealSecret: (tenant: string, clientId: string, secret: string) => string
  }

/** In which registrations of an address are counted. */
export const WINDOW_SECONDS = 60 * 60

export type Terms = Obligations<'register'>

export interface RegisterQuestion {
  readonly action: DecisionInput<'register'>['action']
  readonly bearer?: Bearer | undefined
  /** The client that manages itself. */
  readonly client?: ClientRecord
  readonly requested?: ClientSettings
  readonly registrations?: number
}

export interface RegisterPermit {
  readonly terms: Terms
  readonly decisionId: string
}

/** Host of a web address; the scheme of an app's own. */
function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri)
  return host === '' ? protocol : host
}

const requestedFacts = ({ type, metadata, grantTypes, scopes, redirectUris }: ClientSettings) => ({
  type,
  auth_method: metadata.token_endpoint_auth_method ?? 'client_secret_basic',
  application_type: metadata.application_type ?? 'web',
  subject_type: metadata.subject_type ?? 'public',
  grant_types: [...grantTypes],
  scopes: [...scopes],
  redirect_hosts: [...new Set(redirectUris.map(hostOf))],
})

const credentialOf = ({ bearer, client }: RegisterQuestion): DecisionInput<'register'>['credential'] => {
  if (client !== undefined) return 'registration_access_token'
  return bearer === undefined ? 'none' : 'initial_access_token'
}

/** Throws OAuthError when policy denies. */
export async function decideRegister(
  deps: RegisterDeps,
  request: HttpRequest,
  question: RegisterQuestion,
): Promise<RegisterPermit> {
  const { action, bearer, client, requested, registrations = 0 } = question
  const verdict = await deps.decide(
    'register',
    {
      tenant: bearer?.tenant ?? request.tenant,
      action,
      credential: credentialOf(question),
      ...(bearer && { actor: actorFacts(bearer) }),
      ...(client && {
        client: { client_id: client.clientId, active: client.active, grant_types: [...client.grantTypes] },
      }),
      ...(requested && { requested: requestedFacts(requested) }),
      registrations,
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) {
    const code = publicCode('register', verdict, 'access_denied')
    if (code === 'slow_down') throw new OAuthError(code, { retryAfterSeconds: WINDOW_SECONDS })
    const isWithout = code === 'invalid_token' && bearer === undefined && client === undefined
    throw new OAuthError(code, isWithout ? { detail: 'Send an initial access token.' } : {})
  }
  return { terms: verdict.obligations, decisionId: verdict.decisionId }
}

/** Nobody who registers themselves has roles, resources, or the trust of this organisation. */
export function onTerms(asked: ClientSettings, terms: Terms): ClientSettings {
  const { metadata } = asked
  const par = metadata.require_pushed_authorization_requests === true || terms.requires.includes('par')
  const dpop = metadata.dpop_bound_access_tokens === true || terms.requires.includes('dpop')
  const mtls = metadata.tls_client_certificate_bound_access_tokens === true || terms.requires.includes('mtls')
  return {
    ...asked,
    active: true,
    firstParty: false,
    roles: [],
    resources: [],
    audience: terms.audience,
    grantTypes: asked.grantTypes.filter((grant) => terms.grant_types.includes(grant)),
    scopes: asked.scopes.length === 0 ? terms.scopes : asked.scopes.filter((scope) => terms.scopes.includes(scope)),
    metadata: {
      ...metadata,
      pkce: asked.type === 'public' ? 'required' : terms.pkce,
      assertion_audience: terms.assertion_audience,
      ...(par && { require_pushed_authorization_requests: par }),
      ...(dpop && { dpop_bound_access_tokens: dpop }),
      ...(mtls && { tls_client_certificate_bound_access_tokens: mtls }),
    },
  }
}
