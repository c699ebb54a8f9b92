/**
 * All that the store holds of one person, for them to read: GDPR article 15 and 20. No secret is in it, nor its hash: who steals
 * the copy must not be able to sign in with it. `docs/privacy.md` names what is kept elsewhere.
 */
import type { Store } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'

export interface PersonDataDeps {
  readonly store: Pick<
    Store,
    'factors' | 'identities' | 'devices' | 'sessions' | 'grants' | 'consents' | 'activity' | 'threats'
  > &
    Waiting
}

interface Waiting {
  readonly interactions: Pick<Store['interactions'], 'list'>
  readonly deviceGrants: Pick<Store['deviceGrants'], 'list'>
  readonly oneUse: Pick<Store['oneUse'], 'list'>
}

/** Its members are the sections that policy may leave out. */
export interface PersonData {
  readonly account: Readonly<Record<string, unknown>>
  readonly factors: Readonly<Record<string, unknown>>
  readonly identities: readonly unknown[]
  readonly devices: readonly unknown[]
  readonly sessions: readonly unknown[]
  readonly grants: readonly unknown[]
  readonly consents: readonly unknown[]
  readonly activity: readonly unknown[]
  readonly places: Readonly<Record<string, unknown>>
  readonly pending: Readonly<Record<string, readonly unknown[]>>
}

export const PERSON_SECTIONS = [
  'account',
  'factors',
  'identities',
  'devices',
  'sessions',
  'grants',
  'consents',
  'activity',
  'places',
  'pending',
] as const satisfies readonly (keyof PersonData)[]

const PAGE = 200

/** ISO 8601: people read it. */
const time = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()

async function all<R>(
  read: (offset: number) => Promise<{ readonly total: number; readonly records: readonly R[] }>,
): Promise<R[]> {
  const found: R[] = []
  for (let offset = 0; ; offset += PAGE) {
    const { total, records } = await read(offset)
    found.push(...records)
    if (offset + PAGE >= total) return found
  }
}

function account(user: UserRecord) {
  const { sub, userName, active, roles, profile } = user
  const [created, updated, changed] = [user.createdAt, user.updatedAt, user.emailChangedAt || undefined].map(time)
  const dates = { created_at: created, updated_at: updated, email_changed_at: changed }
  return { sub, user_name: userName, active, roles, profile, has_password: user.passwordHash !== undefined, ...dates }
}

async function factors({ store }: PersonDataDeps, tenant: string, sub: string) {
  const { totp, passkeys, recoveryCodes } = await store.factors.of(tenant, sub)
  return {
    one_time_password: totp && { added_at: time(totp.createdAt), last_used_at: time(totp.lastUsedAt) },
    passkeys: passkeys.map((passkey) => ({
      name: passkey.name,
      credential_id: passkey.credentialId,
      aaguid: passkey.aaguid,
      transports: passkey.transports,
      synced: passkey.backedUp,
      added_at: time(passkey.createdAt),
      last_used_at: time(passkey.lastUsedAt),
    })),
    recovery_codes_left: recoveryCodes,
  }
}

/** Of the facts of links, challenges and states, what is theirs: the rest binds a form or a browser, or is sealed. */
const SHOWN_FACTS = ['purpose', 'address', 'provider', 'issuer', 'subject', 'email', 'label'] as const

/** What is begun and not finished. What a sign-in waits for under a typed name, nobody can read: it is sealed under its address. */
async function pending({ store }: PersonDataDeps, tenant: string, sub: string) {
  const [signIns, devices, oneUse] = await Promise.all([
    store.interactions.list(tenant, sub),
    store.deviceGrants.list(tenant, sub),
    store.oneUse.list(tenant, sub),
  ])
  return {
    sign_ins: signIns.map(({ clientId, scopes, page, progress, uiLocales, createdAt, expiresAt }) => ({
      ...{ client_id: clientId, scopes, page, locales: uiLocales },
      proven: progress?.factors.map(({ kind }) => kind),
      created_at: time(createdAt),
      expires_at: time(expiresAt),
    })),
    devices: devices.map(({ clientId, scopes, address, createdAt, endsAt }) => ({
      ...{ client_id: clientId, scopes, address },
      created_at: time(createdAt),
      expires_at: time(endsAt),
    })),
    once: oneUse.map(({ kind, facts, createdAt, expiresAt }) => ({
      ...{ kind, ...Object.fromEntries(SHOWN_FACTS.flatMap((name) => (name in facts ? [[name, facts[name]]] : []))) },
      created_at: time(createdAt),
      expires_at: time(expiresAt),
    })),
  }
}

export async function personData(deps: PersonDataDeps, tenant: string, user: UserRecord): Promise<PersonData> {
  const { store } = deps
  const { sub } = user
  const [ofFactors, identities, devices, sessions, grants, consents, activity, presence, waiting] = await Promise.all([
    factors(deps, tenant, sub),
    store.identities.list(tenant, sub),
    store.devices.list(tenant, sub),
    all((offset) => store.sessions.list(tenant, { sub }, offset, PAGE)),
    all((offset) => store.grants.list(tenant, { sub }, offset, PAGE)),
    all((offset) => store.consents.list(tenant, sub, offset, PAGE)),
    store.activity.list(tenant, sub),
    store.threats.presence(tenant, sub),
    pending(deps, tenant, sub),
  ])
  return {
    account: account(user),
    factors: ofFactors,
    identities: identities.map(({ provider, issuer, subject, label, linkedAt }) => ({
      ...{ provider, issuer, subject, label },
      linked_at: time(linkedAt),
    })),
    devices: devices.map(({ browser, system, firstSeenAt, lastSeenAt, rememberedUntil }) => ({
      ...{ browser, system },
      first_seen_at: time(firstSeenAt),
      last_seen_at: time(lastSeenAt),
      remembered_until: time(rememberedUntil),
    })),
    sessions: sessions.map(({ sid, acr, amr, authTime, createdAt, expiresAt, sight }) => ({
      ...{ sid, acr, amr, ...sight },
      auth_time: time(authTime),
      created_at: time(createdAt),
      expires_at: time(expiresAt),
    })),
    grants: grants.map(({ grantId, clientId, scopes, audience, createdAt, expiresAt, revoked }) => ({
      ...{ grant_id: grantId, client_id: clientId, scopes, audience, revoked },
      created_at: time(createdAt),
      expires_at: time(expiresAt),
    })),
    consents: consents.map(({ clientId, scopes, claims, grantedAt, expiresAt }) => ({
      ...{ client_id: clientId, scopes, claims },
      granted_at: time(grantedAt),
      expires_at: time(expiresAt),
    })),
    activity: activity.map(({ kind, detail, clientId, place, at, times }) => ({
      ...{ event: kind, detail, client_id: clientId, ...place, times },
      at: time(at),
    })),
    places: presence?.place
      ? { latitude: presence.place.latitude, longitude: presence.place.longitude, at: time(presence.place.at) }
      : {},
    pending: waiting,
  }
}
