/**
 * Known and remembered devices: browsers that a person completed a sign-in with, or set a new password with by a link. The
 * cookie holds one secret for each of a few people, unrelated to each other, and outlives the session; the store has their
 * SHA-256. That a device is known is a fact for `login` and for signals of risk, never a proof of who is there; whether a
 * remembered one spares a factor, policy says.
 */
import type { Audit } from '../../audit/events.ts'
import { cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest } from '../../http/message.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { digestOf, randomId, randomSecret } from '../../kernel/ids.ts'
import type { DeviceStore, FoundDevice } from '../../storage/devices-port.ts'
import type { DeviceRecord, UserRecord } from '../../storage/records.ts'
import { browserName } from './browser-name.ts'

const COOKIE = 'sallyport_devices'
const SECRET = /^[A-Za-z0-9_-]{43}$/
/** People that one browser is known for; of more, whoever signed in longest ago is new again. */
const MAX_PEOPLE = 5
/** Since a device was last seen; browsers keep no cookie for longer (RFC 6265bis 5.5). */
export const DEVICE_TTL_SECONDS = 400 * 24 * 3600

export interface DeviceDeps {
  readonly issuer: string
  readonly store: { readonly devices: DeviceStore }
  readonly clock: Clock
}

export interface Device {
  /** The account has completed a sign-in with this browser, or a new password was set with it by a link. */
  readonly known: boolean
  /** It asked to be remembered here, for a time that policy gave, which has not ended; its password has not changed since. */
  readonly remembered: boolean
  /** Tells it from the account's others, where it is known. */
  readonly id?: string | undefined
}

const UNKNOWN: Device = { known: false, remembered: false }

function secretsOf(deps: Pick<DeviceDeps, 'issuer'>, request: HttpRequest): readonly string[] {
  const text = request.cookies[cookieName(deps.issuer, COOKIE)]
  if (text === undefined) return []
  return text.split('.', MAX_PEOPLE).filter((secret) => SECRET.test(secret))
}

type Known = Pick<UserRecord, 'sub' | 'revocationEpoch' | 'deviceEpoch'>

async function find(
  deps: DeviceDeps,
  request: HttpRequest,
  of: { readonly sub: string } | { readonly signInName: string },
): Promise<FoundDevice | undefined> {
  const secrets = secretsOf(deps, request)
  return secrets.length === 0 ? undefined : deps.store.devices.find(request.tenant, secrets.map(digestOf), of)
}

/** The record of this browser for a person, if it has one. */
export const findDevice = async (
  deps: DeviceDeps,
  request: HttpRequest,
  { sub }: Pick<UserRecord, 'sub'>,
): Promise<DeviceRecord | undefined> => (await find(deps, request, { sub }))?.device

/**
 * This browser, seen from an account. It is looked up by name, be there such an account or not: the same work for both. That it
 * is remembered is told only of a person. A browser that nobody signed in with costs no read.
 */
export async function deviceOf(
  deps: DeviceDeps,
  request: HttpRequest,
  account: { readonly userName: string; readonly user?: UserRecord | undefined },
): Promise<Device> {
  const { userName, user } = account
  const found = await find(deps, request, { signInName: user?.userName ?? userName })
  if (found === undefined) return UNKNOWN
  const remembered = user !== undefined && isRemembered(deps, found.device, user)
  return { known: true, remembered, id: found.device.deviceId }
}

const epochOf = ({ revocationEpoch, deviceEpoch = 0 }: Known): number => revocationEpoch + deviceEpoch

/** Revoking what a person has ends it too, and so does a new password, whatever else that leaves. */
export const isRemembered = (deps: Pick<DeviceDeps, 'clock'>, device: DeviceRecord, user: Known): boolean =>
  (device.rememberedUntil ?? 0) > epochSeconds(deps.clock) && device.userEpoch === epochOf(user)

export interface SeenDevice {
  readonly deviceId: string
  /** The person never signed in with it, or not for long: they are told. */
  readonly isNew: boolean
  /** Goes out with the answer. */
  readonly cookie: string
}

/**
 * After a completed sign-in, or a spent link to a new password: from now on this browser is known for the person, and remembered
 * for `rememberSeconds` where they asked for that and policy gave them (`remember_device_seconds`). What one sign-in gave,
 * another does not take back.
 */
export async function rememberDevice(
  deps: DeviceDeps & { readonly audit: Audit },
  request: HttpRequest,
  user: Known,
  rememberSeconds = 0,
): Promise<SeenDevice> {
  const secrets = secretsOf(deps, request)
  const found = await find(deps, request, { sub: user.sub })
  const again = found && { ...found, device: seenNow(deps, request, user, rememberSeconds, found.device) }
  const isThere = again && (await deps.store.devices.replace(request.tenant, again.digest, again.device)) === 'written'
  // Whoever has it forgotten meanwhile means this sign-in too: it is one with a new device then.
  const known = isThere ? again : undefined
  const device = known?.device ?? seenNow(deps, request, user, rememberSeconds)
  const secret = secrets.find((one) => digestOf(one) === known?.digest) ?? randomSecret()
  if (known === undefined) await deps.store.devices.put(request.tenant, digestOf(secret), device)
  const about = { tenant: request.tenant, request_id: request.id, sub: user.sub, resource: `device:${device.deviceId}` }
  if (known === undefined) await deps.audit({ event: 'device_added', ...about })
  if (rememberSeconds > 0) await deps.audit({ event: 'device_remembered', ...about })
  const kept = [secret, ...secrets.filter((one) => one !== secret)].slice(0, MAX_PEOPLE)
  const cookie = setCookie(deps.issuer, COOKIE, kept.join('.'), DEVICE_TTL_SECONDS)
  return { deviceId: device.deviceId, isNew: known === undefined, cookie }
}

/** The record of this browser after this sign-in. `before`: what it was known by. */
function seenNow(
  deps: Pick<DeviceDeps, 'clock'>,
  request: HttpRequest,
  user: Known,
  rememberSeconds: number,
  before?: DeviceRecord,
): DeviceRecord {
  const now = epochSeconds(deps.clock)
  const given = before !== undefined && isRemembered(deps, before, user) ? (before.rememberedUntil ?? 0) : 0
  const rememberedUntil = Math.max(given, rememberSeconds > 0 ? now + rememberSeconds : 0)
  return {
    v: 1,
    deviceId: before?.deviceId ?? randomId(),
    sub: user.sub,
    ...browserName(request),
    firstSeenAt: before?.firstSeenAt ?? now,
    lastSeenAt: now,
    ...(rememberedUntil > 0 && { rememberedUntil }),
    userEpoch: epochOf(user),
    expiresAt: now + DEVICE_TTL_SECONDS,
  }
}
