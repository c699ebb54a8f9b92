/**
 * For how long a signature stands: until its claim `exp`, and for `max_age_seconds` from its claim `iat` (RFC 7519 4.1). So
 * that whoever keeps newer bundles away does not keep an old one in force for ever.
 */
import { epochSeconds, systemClock } from '../../kernel/clock.ts'
import { BundleError } from '../engine.ts'
import type { VerifiedSignature } from './signature.ts'

export interface ValidityRules {
  readonly maxAgeSeconds?: number
  /** Seconds since the epoch; the clock's by default. */
  readonly nowSeconds?: number
}

/** Clocks of signer and node may differ by that much. */
const SKEW_SECONDS = 5 * 60

/** The second at which it ends, undefined for never. Throws BundleError where it has ended, or its age cannot be told. */
export function checkAge(signature: VerifiedSignature, rules: ValidityRules): number | undefined {
  const { issuedAt, expiresAt } = signature
  const { maxAgeSeconds, nowSeconds = epochSeconds(systemClock) } = rules
  if (maxAgeSeconds !== undefined && issuedAt === undefined) {
    throw new BundleError('expired', 'the signature has no claim iat, by which max_age_seconds counts')
  }
  if (maxAgeSeconds !== undefined && issuedAt !== undefined && issuedAt > nowSeconds + SKEW_SECONDS) {
    throw new BundleError('not_yet_valid', 'the bundle was signed in the future: compare the clocks of signer and node')
  }
  const ends = Math.min(expiresAt ?? Infinity, (issuedAt ?? Infinity) + (maxAgeSeconds ?? Infinity))
  if (ends <= nowSeconds) {
    throw new BundleError('expired', `the bundle ended at ${timeText(ends)}: sign it anew`)
  }
  return ends === Infinity ? undefined : ends
}

const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString()
