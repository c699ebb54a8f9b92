/** The facts of risk of a client that people are asked to trust: how new it is, and how many agreed to it lately. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { ClientRiskFacts } from '../../policy-engine/contract/risk.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import type { CounterKeys } from './keys.ts'

export type AssessClient = (tenant: string, client: ClientRecord) => Promise<ClientRiskFacts>

export const clientAssessor =
  (deps: {
    readonly threats: Pick<ThreatStore, 'countDistinct'>
    readonly keys: CounterKeys
    readonly clock: Clock
  }): AssessClient =>
  async (tenant, { clientId, registration, createdAt }) => ({
    self_registered: registration !== undefined,
    client_age_seconds: Math.max(0, epochSeconds(deps.clock) - createdAt),
    people_agreed: await deps.threats.countDistinct(tenant, deps.keys.client('agreed', clientId)),
  })
