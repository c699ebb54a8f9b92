/** Asks `federation`: what is known of a person who comes from a provider is put together here and nowhere else. */

import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import type { ClientRecord, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import type { LiveSession } from '../session/session.ts'
import { ownAuthenticationFacts } from '../session/subject-stage.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { ProviderOptions } from './provider-options.ts'
import type { Upstream } from './upstream.ts'

type Input = DecisionInput<'federation'>

export interface FederationFacts {
  readonly stage: Input['stage']
  readonly purpose: Input['purpose']
  readonly client?: ClientRecord | undefined
  readonly provider?: ProviderOptions | undefined
  readonly upstream?: Upstream | undefined
  readonly linked?: Input['linked']
  readonly account?: Input['account']
  readonly user?: UserRecord | undefined
  readonly session?: LiveSession | undefined
  readonly otherWays?: boolean | undefined
}

function upstreamFacts({ roles }: ProviderOptions, upstream: Upstream): NonNullable<Input['upstream']> {
  const { email, organisation, groups, acr, amr } = upstream
  const mapped = groups.map((group) => (Object.hasOwn(roles, group) ? roles[group] : undefined))
  return {
    email_verified: email !== undefined,
    ...(email !== undefined && { email_domain: email.slice(email.lastIndexOf('@') + 1).toLowerCase() }),
    ...(organisation !== undefined && { organisation }),
    groups: [...groups],
    roles: [...new Set(mapped.filter((role) => role !== undefined))],
    ...(acr !== undefined && { acr }),
    amr: [...amr],
  }
}

export function askFederation(
  { decide }: { readonly decide: Decide },
  request: HttpRequest,
  facts: FederationFacts,
): Promise<Verdict<'federation'>> {
  const { stage, purpose, client, provider, upstream, linked = 'nobody', account = 'none', session, otherWays } = facts
  const user = facts.user ?? session?.user
  return decide(
    'federation',
    {
      tenant: request.tenant,
      stage,
      purpose,
      ...(client && { client: clientFacts(client, 'none') }),
      ...(provider && { provider: { id: provider.id, kind: provider.kind } }),
      ...(provider && upstream && { upstream: upstreamFacts(provider, upstream) }),
      linked,
      account,
      ...(user && { subject: subjectFacts(user) }),
      ...(session && { authentication: ownAuthenticationFacts(session.record) }),
      ...(otherWays !== undefined && { other_ways: otherWays }),
      request: request.origin,
    },
    { requestId: request.id },
  )
}
