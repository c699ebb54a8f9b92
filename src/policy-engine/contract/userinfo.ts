/** `userinfo`: which claims about the person does this access token release? OIDC Core 5.3. */
import Type from 'typebox'
import { closed, decision, strings } from './decision.ts'
import { RequestFacts, Subject, Tenant, TokenFacts } from './facts.ts'

export const userinfo = decision('userinfo', {
  askedBy: 'src/auth/oidc/userinfo.ts',
  input: Type.Object(
    { tenant: Tenant, token: TokenFacts, subject: Type.Optional(Subject), request: RequestFacts },
    closed,
  ),
  reasons: {
    tenant_not_allowed: 'insufficient_scope',
    token_inactive: 'invalid_token',
    subject_missing: 'insufficient_scope',
    subject_inactive: 'invalid_token',
    scope_missing: 'insufficient_scope',
  },
  obligations: Type.Object(
    {
      /** Names of the claims that may be answered besides `sub`, OIDC Core 5.1. */
      claims: strings(),
    },
    closed,
  ),
})
