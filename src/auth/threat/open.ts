/** Puts the parts of threat detection together, for the composition of the auth service. */
import type { AuditListener } from '../../audit/events.ts'
import type { Store } from '../../storage/port.ts'
import type { AnswerSignalDeps } from './answer-signal.ts'
import { openAnswers } from './answers.ts'
import { riskAssessor } from './assess.ts'
import { type AssessClient, clientAssessor } from './client-risk.ts'
import { failureSurge } from './failure-surge.ts'
import { hearEvents } from './hear-events.ts'
import { type IntrospectionSpikes, introspectionSpikes } from './introspection-spikes.ts'
import { counterKeys } from './keys.ts'
import type { Spares } from './limits/spared.ts'
import { openThrottles, type Throttles, type ThrottlesDeps } from './limits/throttles.ts'
import { openPlaces, type PlacesOptions } from './places/open.ts'
import { openRecentSignals, type RecentSignals } from './recent-signals.ts'
import type { AssessRisk } from './risk.ts'
import { DEFAULT_THREAT_RULES, type ThreatRules } from './rules.ts'
import type { Raise } from './signal.ts'

export interface ThreatOptions {
  readonly rules?: ThreatRules
  /** Absent: nothing is known of places. */
  readonly places?: PlacesOptions | undefined
}

export interface ThreatDeps extends Omit<AnswerSignalDeps, 'store' | 'throttles'> {
  readonly store: Pick<Store, 'clients' | 'users' | 'grants' | 'limits' | 'threats'>
  readonly derive: (purpose: string) => Uint8Array
  readonly tenant: string
  readonly spares: Spares
  readonly metrics: AnswerSignalDeps['metrics'] & ThrottlesDeps['metrics']
  /** What happens behind requests failed; `what` is a bounded text. */
  readonly onFailure: (error: unknown, what: string) => void
}

export interface Threats {
  readonly assessRisk: AssessRisk
  readonly assessClient: AssessClient
  /** ISO 3166-1 alpha-2 of an address, where a source of places knows it. */
  readonly countryOf: (address: string) => string | undefined
  readonly hear: AuditListener
  readonly throttles: Throttles
  readonly recent: Pick<RecentSignals, 'riskOf' | 'read'>
  readonly introspections: IntrospectionSpikes
  /** Every signal so far has been answered or given up. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Throws ConfigError where the file of places cannot be used. */
export function openThreats(deps: ThreatDeps, options: ThreatOptions = {}): Threats {
  const { store, clock, tenant, metrics, spares, onFailure } = deps
  const rules = options.rules ?? DEFAULT_THREAT_RULES
  const places = openPlaces(options.places, (error) => onFailure(error, 'the file of places was not taken'))
  const keys = counterKeys(deps.derive)
  const throttles = openThrottles({
    store,
    clock,
    tenant,
    metrics,
    spares,
    onFailure: (error) => onFailure(error, 'throttles could not be read'),
  })
  const answers = openAnswers({
    ...deps,
    throttles,
    onFailure: (error, signal) => onFailure(error, `${signal} was not answered`),
  })
  const recent = openRecentSignals({
    ...{ store, clock, tenant, keys },
    onFailure: (error) => onFailure(error, 'signals of other nodes could not be shared'),
  })
  const raise: Raise = (signal) => {
    recent.note(signal)
    answers.raise(signal)
  }
  const introspections = introspectionSpikes({
    store,
    clock,
    tenant,
    keys,
    raise,
    floor: rules.introspectionFloor,
    onFailure: (error) => onFailure(error, 'introspections could not be counted'),
  })
  const surge = failureSurge({ threats: store.threats, clock, floor: rules.surgeFloor })
  return {
    assessRisk: riskAssessor({ store, keys, places, spares, surge, rules, raise }),
    assessClient: clientAssessor({ threats: store.threats, keys, clock }),
    countryOf: (address) => places.find(address)?.country,
    hear: hearEvents({ store, keys, raise }),
    throttles,
    recent,
    introspections,
    settled: answers.settled,
    close: async () => {
      places.close()
      throttles.close()
      recent.close()
      introspections.close()
      await answers.close()
    },
  }
}
