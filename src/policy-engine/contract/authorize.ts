/** `authorize`: may this client, then this person through it, have a code? RFC 6749 4.1.1, OIDC Core 3.1.2. */
import Type from 'typebox'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, seconds, Tenant } from './facts.ts'

export const authorize = decision('authorize', {
  askedBy: 'src/auth/oauth/authorize.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** `client` is asked before any page is shown, `subject` after sign-in. */
      stage: oneOf('client', 'subject'),
      client: Client,
      /** Only at stage `subject`. */
      subject: Type.Optional(Subject),
      /** Only at stage `subject`. */
      authentication: Type.Optional(Authentication),
      requested: Type.Object(
        {
          response_type: Type.String(),
          scopes: strings(),
          resources: strings(),
          /** RFC 7636 4.3; `none` when the client sent no challenge. */
          code_challenge_method: oneOf('S256', 'plain', 'none'),
        },
        closed,
      ),
      /** Scopes this person has consented to for this client, and that still hold. Only at stage `subject`. */
      consented_scopes: Type.Optional(strings()),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    client_inactive: 'unauthorized_client',
    grant_not_allowed: 'unauthorized_client',
    response_type_unsupported: 'unsupported_response_type',
    pkce_required: 'invalid_request',
    scope_not_allowed: 'invalid_scope',
    resource_not_allowed: 'invalid_target',
    network_not_allowed: 'access_denied',
    tenant_not_allowed: 'access_denied',
    subject_inactive: 'access_denied',
    role_missing: 'access_denied',
    outside_hours: 'access_denied',
    acr_insufficient: 'unmet_authentication_requirements',
  },
  obligations: Type.Object(
    {
      /** What the code may carry: a subset of what was requested. */
      scopes: strings(),
      /** `aud` of the access tokens. */
      audience: strings(),
      /** `required`: the person is asked for `scopes` not in `consented_scopes`. */
      consent: oneOf('none', 'required'),
      code_ttl_seconds: seconds(60),
    },
    closed,
  ),
})
