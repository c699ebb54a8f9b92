/** RFC 9470 3: the token is good, and the sign-in behind it does not do. What a protected resource answers, and what the next one must reach. */
import { OAuthError } from '../../kernel/errors.ts'

export interface NeededSignIn {
  /** Levels of which it needs one; empty: any. */
  readonly acr_values: readonly string[]
  /** Age that it may have; 0 or absent: any. */
  readonly max_age_seconds?: number
}

export function signInAnew({ acr_values: levels, max_age_seconds: maxAge = 0 }: NeededSignIn): OAuthError {
  return new OAuthError('insufficient_user_authentication', {
    challenge: {
      ...(levels.length > 0 && { acr_values: levels.join(' ') }),
      ...(maxAge > 0 && { max_age: String(maxAge) }),
    },
  })
}
