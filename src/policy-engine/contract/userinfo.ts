/**
 * `userinfo`: which claims about the person does this access token release? OIDC Core 5.3. Asked at userinfo, and at the
 * token endpoint where claims were asked for the ID token (5.5).
 */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { RequestFacts, Subject, Tenant, TokenFacts } from './facts.ts'

export const userinfo = decision('userinfo', {
  askedBy: 'src/auth/token/released-claims.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      token: TokenFacts,
      /** The address of the userinfo endpoint: a token may be for it, or for the default of the tenant. */
      endpoint: Type.String(),
      subject: Type.Optional(Subject),
      /** The client that holds the token: what it is registered for, as stored now. */
      holder: Type.Object({ scopes: strings() }, closed),
      /** When the person signed in; absent where none did. */
      authentication: Type.Optional(Type.Object({ acr: Type.String(), auth_time: Type.Integer() }, closed)),
      /** Claims that the authorization request asked for one by one, and that `authorize` and the person allowed. */
      requested: Type.Optional(Type.Object({ claims: strings() }, closed)),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    tenant_not_allowed: 'insufficient_scope',
    token_inactive: 'invalid_token',
    subject_missing: 'insufficient_scope',
    subject_inactive: 'invalid_token',
    scope_missing: 'insufficient_scope',
    audience_wrong: 'invalid_token',
  },
  obligations: Type.Object(
    {
      /** Names of the claims that may be answered besides `sub`, OIDC Core 5.1. */
      claims: strings(),
      /** `required`: the token is good, and the sign-in behind it does not do any more (RFC 9470 3). */
      step_up: oneOf('none', 'required'),
      /** Levels of which the new sign-in needs one; empty: any. */
      acr_values: strings(),
      /** Age that the new sign-in may have; 0: any. */
      max_age_seconds: Type.Integer({ minimum: 0, maximum: 30 * 24 * 3600 }),
    },
    closed,
  ),
})
