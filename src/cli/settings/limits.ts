/** What the configuration says of limits, as the auth service takes them. */
import type { AuthServiceOptions } from '../../auth/service.ts'
import { isLoopback } from '../../config/rules.ts'
import type { Config } from '../../config/schema.ts'

type Limits = Pick<AuthServiceOptions, 'bodyLimitBytes' | 'pressure' | 'rates'>

export function authLimits({ issuer, limits }: Pick<Config, 'issuer' | 'limits'>): Limits {
  const { mode, window_seconds: windowSeconds, batch_percent: batchPercent, ...table } = limits.rate
  const isOn = mode === 'on' || (mode === 'auto' && !isLoopback(new URL(issuer).hostname))
  return {
    bodyLimitBytes: limits.body_bytes,
    pressure: { inFlight: limits.in_flight, lagMs: limits.event_loop_lag_ms },
    ...(isOn && { rates: { table, windowSeconds, batchShare: batchPercent / 100 } }),
  }
}
