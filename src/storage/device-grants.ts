/** Authorizations that a device asked for and a person answers elsewhere, RFC 8628. Times are seconds since the Unix epoch. */

export interface DeviceGrantRecord {
  readonly v: 1
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  /** Where the device asked from: shown to whoever is to confirm it. */
  readonly address: string
  readonly intervalSeconds: number
  readonly createdAt: number
  /** From then on it can be neither answered nor redeemed. */
  readonly endsAt: number
  /** Kept a little longer, so that a device learns that it came too late. */
  readonly expiresAt: number
}

export type DeviceAnswer = { readonly kind: 'approved'; readonly grantId: string } | { readonly kind: 'refused' }

export interface Polled {
  readonly request: DeviceGrantRecord
  /** Undefined: the person has not answered. */
  readonly answer: DeviceAnswer | undefined
  /** Less than the interval has passed since the last poll; from now on it is five seconds longer, RFC 8628 3.5. */
  readonly tooFast: boolean
}

/** How much the interval grows with each poll that came too soon. */
export const SLOW_DOWN_SECONDS = 5

export interface DeviceGrantStore {
  /** `digest` is SHA-256 of the device code. `conflict`: the user code stands for another request that has not expired. */
  begin(
    tenant: string,
    digest: string,
    userCodeDigest: string,
    request: DeviceGrantRecord,
  ): Promise<'begun' | 'conflict'>
  /** `digest` is that of the device code, under which what comes of it is issued. */
  findByUserCode(
    tenant: string,
    userCodeDigest: string,
  ): Promise<{ readonly digest: string; readonly request: DeviceGrantRecord; readonly answered: boolean } | undefined>
  /** Of any number at once one answers; `already` for all others. It ends with the person of that sub. */
  answer(
    tenant: string,
    userCodeDigest: string,
    sub: string,
    answer: DeviceAnswer,
  ): Promise<'answered' | 'already' | 'missing'>
  /** Counts the poll, in one step; of another client nothing is known, and nothing is counted. */
  poll(tenant: string, digest: string, clientId: string): Promise<Polled | undefined>
  /** Those that this person answered, the newest first. */
  list(tenant: string, sub: string): Promise<readonly DeviceGrantRecord[]>
}
