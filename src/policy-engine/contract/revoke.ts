/** `revoke`: may this client revoke this token, and what goes with it? RFC 7009. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf } from './decision.ts'
import { Client, RequestFacts, Tenant, TokenFacts } from './facts.ts'

export const revoke = decision('revoke', {
  askedBy: 'src/auth/oauth/revoke.ts',
  input: Type.Object({ tenant: Tenant, client: Client, token: TokenFacts, request: RequestFacts }, closed),
  reasons: {
    client_inactive: 'unauthorized_client',
    tenant_not_allowed: 'unauthorized_client',
    not_owner: 'unauthorized_client',
  },
  obligations: Type.Object(
    {
      /** `grant` ends every token of the grant, `token` this one only (RFC 7009 2.1). */
      revoke: oneOf('token', 'grant'),
    },
    closed,
  ),
})
