/** For tests: threat detection on a store and a clock of the test; signals are kept instead of answered. */
import type { Clock } from '../../kernel/clock.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { Store } from '../../storage/port.ts'
import { riskAssessor } from './assess.ts'
import { clientAssessor } from './client-risk.ts'
import { failureSurge } from './failure-surge.ts'
import { hearEvents } from './hear-events.ts'
import { counterKeys } from './keys.ts'
import { sparedAddresses } from './limits/spared.ts'
import { csvPlaces } from './places/csv.ts'
import { DEFAULT_THREAT_RULES, type ThreatRules } from './rules.ts'
import type { Signal } from './signal.ts'

export interface TestThreatsOptions {
  readonly rules?: ThreatRules
  /** CSV. */
  readonly places?: string
}

export function testThreats(
  { store, clock }: { readonly store: Pick<Store, 'limits' | 'threats'>; readonly clock: Clock },
  { rules = DEFAULT_THREAT_RULES, places = '' }: TestThreatsOptions = {},
) {
  const raised: Signal[] = []
  const raise = (signal: Signal): void => void raised.push(signal)
  const keys = counterKeys((purpose) => Buffer.from(digestOf(purpose)).subarray(0, 32))
  const surge = failureSurge({ threats: store.threats, clock, floor: rules.surgeFloor })
  return {
    raised,
    keys,
    assessRisk: riskAssessor({
      ...{ store, keys, surge, rules, raise },
      places: csvPlaces(places),
      spares: sparedAddresses(true),
    }),
    assessClient: clientAssessor({ threats: store.threats, keys, clock }),
    hear: hearEvents({ store, keys, raise }),
  }
}
