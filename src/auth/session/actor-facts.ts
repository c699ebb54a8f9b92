/** Who acts on the SCIM and admin APIs, as decisions take it: with the roles stored now, of the person, else of the client. */
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Bearer } from '../token/bearer.ts'

export type ActorFacts = DecisionInput<'scim'>['actor']

export const actorFacts = (bearer: Bearer): ActorFacts => ({
  client_id: bearer.client.clientId,
  ...(bearer.user && { sub: bearer.user.sub }),
  active: bearer.facts.active,
  // What the client lost since, its old tokens lost too.
  scopes: bearer.scopes.filter((scope) => bearer.client.scopes.includes(scope)),
  audience: [...bearer.audience],
  roles: [...(bearer.user ?? bearer.client).roles],
  ...(bearer.facts.acr !== undefined && { acr: bearer.facts.acr }),
  kind: bearer.user ? 'user' : 'client',
})
