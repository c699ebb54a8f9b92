/** Browsers that people have signed in with: part of the store's port. */
import type { DeviceRecord } from './records.ts'

/** Devices that a person's list holds at most. */
export const MAX_DEVICES = 20

export interface FoundDevice {
  /** Which of those that were asked for. */
  readonly digest: string
  readonly device: DeviceRecord
}

/** Browsers known for a person; `digest` is SHA-256 of one of the secrets in the browser's cookie. They end with the person. */
export interface DeviceStore {
  /** The first of these that is known for the person of that sign-in name or sub; does the same work where there is no such person. */
  find(
    tenant: string,
    digests: readonly string[],
    of: { readonly sub: string } | { readonly signInName: string },
  ): Promise<FoundDevice | undefined>
  /** Of more than MAX_DEVICES of a person, the one seen longest ago goes in the same step. */
  put(tenant: string, digest: string, device: DeviceRecord): Promise<void>
  /** Writes only while that device is there, so that one that was forgotten is never brought back. */
  replace(tenant: string, digest: string, device: DeviceRecord): Promise<'written' | 'missing'>
  /** The one seen last first. */
  list(tenant: string, sub: string): Promise<readonly DeviceRecord[]>
  /** `missing`: it is not the person's, or no more. */
  forget(tenant: string, sub: string, deviceId: string): Promise<'written' | 'missing'>
}
