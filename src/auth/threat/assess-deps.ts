/** What the risk of sign-ins is read from and written to. */
import type { LimitStore } from '../../storage/port.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import type { FailureSurge } from './failure-surge.ts'
import type { CounterKeys } from './keys.ts'
import type { Spares } from './limits/spared.ts'
import type { PlaceSource } from './places/places.ts'
import type { ThreatRules } from './rules.ts'
import type { Raise } from './signal.ts'

export interface AssessDeps {
  readonly store: {
    readonly limits: LimitStore
    readonly threats: ThreatStore
  }
  readonly keys: CounterKeys
  readonly places: PlaceSource
  /** Addresses that nothing is counted against; what is guessed at an account is, from wherever. */
  readonly spares: Spares
  readonly surge: FailureSurge
  readonly rules: ThreatRules
  readonly raise: Raise
}
