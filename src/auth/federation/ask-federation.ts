/** Asks `federation`: what is known of a person who comes from a provider is put together here and nowhere else. */

import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Verdict } from '../../policy-engine/decide.ts'
import type { UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { requestedLevels } from '../session/requested-facts.ts'
import type { LiveSession } from '../session/session.ts'
import { ownAuthenticationFacts } from '../session/subject-stage.ts'
import { type AskLoginDeps, tried, triedFacts } from '../sign-in/ask-login.ts'
import type { Waiting } from '../sign-in/waiting.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { ProviderOptions } from './provider/options.ts'
import type { Upstream } from './provider/upstream.ts'

type Input = DecisionInput<'federation'>

export interface FederationFacts {
  readonly stage: Input['stage']
  readonly purpose: Input['purpose']
  /** The sign-in that it is for; absent at the person's own page. */
  readonly waiting?: Waiting | undefined
  readonly provider?: ProviderOptions | undefined
  readonly upstream?: Upstream | undefined
  readonly linked?: Input['linked']
  readonly account?: Input['account']
  readonly user?: UserRecord | undefined
  readonly session?: LiveSession | undefined
  readonly otherWays?: boolean | undefined
  /** Whose account here has the address, where it is not `user`: of whom the risk is. */
  readonly holder?: UserRecord | undefined
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

/** Stages that change something, or let somebody in. */
const JUDGED: ReadonlySet<Input['stage']> = new Set(['entered', 'proved', 'unlink'])

export async function askFederation(
  deps: AskLoginDeps,
  request: HttpRequest,
  facts: FederationFacts,
): Promise<Verdict<'federation'>> {
  const { stage, purpose, waiting, provider, upstream, session, otherWays } = facts
  const { linked = 'nobody', account = 'none' } = facts
  const user = facts.user ?? session?.user
  const person = user ?? facts.holder
  const isJudged = JUDGED.has(stage) || (stage === 'start' && purpose === 'link')
  const faced = isJudged ? await tried(deps, request, { userName: person?.userName ?? '', user: person }) : undefined
  return deps.decide(
    'federation',
    {
      tenant: request.tenant,
      stage,
      purpose,
      ...(waiting && { client: clientFacts(waiting.client, 'none'), requested: requestedLevels(waiting.interaction) }),
      ...(provider && { provider: { id: provider.id, kind: provider.kind } }),
      ...(provider && upstream && { upstream: upstreamFacts(provider, upstream) }),
      linked,
      account,
      ...(user && { subject: subjectFacts(user) }),
      ...(session && { authentication: ownAuthenticationFacts(session.record) }),
      ...(faced && triedFacts(faced)),
      ...(otherWays !== undefined && { other_ways: otherWays }),
      request: request.origin,
    },
    { requestId: request.id },
  )
}
