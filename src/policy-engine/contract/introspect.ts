/** `introspect`: may this caller learn about this token, and what may the token do under the current policy? RFC 7662. */
import { Type } from '../../schema/type.ts'
import { closed, decision, strings } from './decision.ts'
import { Claims, Client, RequestFacts, Subject, Tenant, TokenFacts } from './facts.ts'
import { RecentRisk } from './risk.ts'

export const introspect = decision('introspect', {
  askedBy: 'src/auth/oauth/introspect.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      /** The caller. */
      client: Client,
      /** Absent: nobody knows it. Then asked only where there is risk, for the caller's sake. */
      token: Type.Optional(TokenFacts),
      /** The person the token speaks for, as stored now. */
      subject: Type.Optional(Subject),
      /** The client that holds the token, as stored now: what it is registered for, and its own roles. */
      holder: Type.Optional(
        Type.Object({ active: Type.Boolean(), scopes: strings(), audience: strings(), roles: strings() }, closed),
      ),
      risk: Type.Optional(RecentRisk),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    /** About the request and no token: so it goes before what is said of one. */
    too_risky: 'slow_down',
    client_inactive: 'access_denied',
    client_not_confidential: 'access_denied',
    tenant_not_allowed: 'access_denied',
    token_inactive: 'access_denied',
    not_an_audience: 'access_denied',
    subject_inactive: 'access_denied',
    holder_inactive: 'access_denied',
  },
  obligations: Type.Object(
    {
      /** What the token may do now; recomputed at every introspection from `data.rbac`. */
      permissions: strings(),
      /** Shown as `scope`; a subset of the token's. */
      scopes: strings(),
      /** Shown as `aud`, where there is one; a subset of the token's. */
      audience: strings(),
      /** Added to the answer. */
      claims: Claims,
    },
    closed,
  ),
})
