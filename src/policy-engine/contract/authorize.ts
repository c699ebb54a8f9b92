/** `authorize`: may this client, then this person through it, have a code? RFC 6749 4.1.1, RFC 9126, RFC 9470, OIDC Core 3.1.2. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, seconds, Tenant } from './facts.ts'
import { FACTOR_KINDS } from './login.ts'
import { RecentRisk } from './risk.ts'

export const authorize = decision('authorize', {
  askedBy: 'src/auth/oauth/client-stage.ts',
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
      /**
       * What the account could prove itself with. Only where the client would like levels and the session has none of them,
       * before a sign-in for this very request.
       */
      enrolled: Type.Optional(Type.Array(oneOf(...FACTOR_KINDS))),
      requested: Type.Object(
        {
          response_type: Type.String(),
          scopes: strings(),
          resources: strings(),
          /** RFC 7636 4.3; `none` when the client sent no challenge. */
          code_challenge_method: oneOf('S256', 'plain', 'none'),
          /** `device`: asked for by a device, answered by the person elsewhere, RFC 8628. Absent: by a browser. */
          flow: Type.Optional(oneOf('device')),
          /** Where the answer goes: only a client's own https address proves whose client it is (RFC 8252 8.6). */
          redirect: Type.Optional(oneOf('https', 'loopback', 'private_scheme')),
          /** True where the client pushed the request and was authenticated then, RFC 9126. */
          pushed: Type.Optional(Type.Boolean()),
          /** OIDC Core 3.1.2.1. */
          prompt: Type.Optional(strings()),
          /** Names of the claims of a person that are asked for one by one, OIDC Core 5.5. */
          claims: Type.Optional(strings()),
          /** Levels that the client would like, in order of preference, or registered as its default. */
          acr_values: Type.Optional(strings()),
          /** Levels of which the client needs one, OIDC Core 5.5.1.1; empty or absent: none is needed. */
          essential_acr: Type.Optional(strings()),
          /** The oldest sign-in that will do, in seconds. The auth service itself obeys it. */
          max_age_seconds: Type.Optional(Type.Integer()),
        },
        closed,
      ),
      /** True once the person has signed in for this very request. Only at stage `subject`. */
      signed_in_here: Type.Optional(Type.Boolean()),
      /** Scopes this person has consented to for this client, and that still hold. Only at stage `subject`. */
      consented_scopes: Type.Optional(strings()),
      /** Claims asked for one by one that this person has consented to. Only at stage `subject`. */
      consented_claims: Type.Optional(strings()),
      risk: Type.Optional(RecentRisk),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    client_inactive: 'unauthorized_client',
    grant_not_allowed: 'unauthorized_client',
    response_type_unsupported: 'unsupported_response_type',
    pkce_required: 'invalid_request',
    par_required: 'invalid_request',
    scope_not_allowed: 'invalid_scope',
    resource_not_allowed: 'invalid_target',
    network_not_allowed: 'access_denied',
    tenant_not_allowed: 'access_denied',
    subject_inactive: 'access_denied',
    phishing_suspected: 'access_denied',
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
      /** Claims asked for one by one that may be released: a subset of `requested.claims`. */
      claims: strings(),
      /** `required`: the person is asked for `scopes` and `claims` that they have not consented to. */
      consent: oneOf('none', 'required'),
      /** `required`: the session does not do for this request; a new sign-in may. */
      sign_in: oneOf('none', 'required'),
      code_ttl_seconds: seconds(60),
      /** Of a pushed request, RFC 9126 2.2. */
      request_uri_ttl_seconds: seconds(599),
      /** Of a device's request, RFC 8628 3.2: how long it may be answered, and how often the device asks. */
      device_code_ttl_seconds: seconds(1800),
      device_interval_seconds: seconds(60),
    },
    closed,
  ),
})
