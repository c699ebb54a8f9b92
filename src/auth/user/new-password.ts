/**
 * What of an account changes with its password, in one write: either all that anybody holds ends, sessions, grants and
 * remembered devices alike, or the devices alone. OWASP ASVS 7.4.3; checklist 45.
 */
import type { UserRecord } from '../../storage/records.ts'

export function newPassword(user: UserRecord, passwordHash: string, revokes: boolean): Partial<UserRecord> {
  const { revocationEpoch, deviceEpoch = 0 } = user
  return { passwordHash, ...(revokes ? { revocationEpoch: revocationEpoch + 1 } : { deviceEpoch: deviceEpoch + 1 }) }
}
