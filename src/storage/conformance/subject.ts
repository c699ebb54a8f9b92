/** What the conformance suite holds to the port: a store that began empty, its clock, and further connections to it. */
import { systemClock } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'
import type { AccessTokenState, Store, Successors } from '../port.ts'
import { plainClient, plainUser } from '../record-fixture.ts'
import type {
  AccessTokenRecord,
  ClientRecord,
  CodeRecord,
  GrantRecord,
  RefreshTokenRecord,
  UserRecord,
} from '../records.ts'

export interface Subject {
  readonly store: Store
  /** A second connection to the same data, as another node has it. */
  another(): Promise<Store>
  close(): Promise<void>
}

/** Stands still until it is moved. */
export class ManualClock {
  #nowMs = Math.floor(systemClock.nowMs() / 1000) * 1000
  readonly nowMs = (): number => this.#nowMs
  readonly seconds = (): number => this.#nowMs / 1000
  advance(seconds: number): void {
    this.#nowMs += seconds * 1000
  }
}

export interface Conformance {
  readonly clock: ManualClock
  /** The store under test, open while the tests run. */
  subject(): Subject
}

export const newTenant = (): string => `tenant-${randomId(8)}`

export const aClient = (now: number, values: Partial<ClientRecord> = {}): ClientRecord =>
  plainClient({
    clientId: randomId(),
    name: 'Läger {1}',
    redirectUris: ['https://client.example/cb'],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'email'],
    createdAt: now,
    updatedAt: now,
    revocationEpoch: randomEpoch(),
    ...values,
  })

export const aUser = (now: number, values: Partial<UserRecord> = {}): UserRecord =>
  plainUser({
    sub: randomId(),
    userName: `user-${randomId(6)}`,
    roles: ['reader'],
    profile: { displayName: 'Å. Example', emails: [{ value: 'a@example.com', primary: true }] },
    createdAt: now,
    updatedAt: now,
    revocationEpoch: randomEpoch(),
    ...values,
  })

export const aGrant = (now: number, values: Partial<GrantRecord> = {}): GrantRecord => ({
  v: 1,
  grantId: randomId(),
  clientId: 'client',
  sub: 'person',
  scopes: ['openid'],
  audience: ['urn:example:api'],
  acr: 'urn:example:pwd',
  amr: ['pwd'],
  authTime: now,
  userEpoch: 1,
  clientEpoch: 1,
  createdAt: now,
  expiresAt: now + 10 * 60,
  revoked: false,
  ...values,
})

export const aCode = (now: number, values: Partial<CodeRecord> = {}): CodeRecord => ({
  v: 1,
  redirectUri: 'https://client.example/cb',
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  expiresAt: now + 60,
  ...values,
})

export const aRefreshToken = (now: number, values: Partial<RefreshTokenRecord> = {}): RefreshTokenRecord => ({
  v: 1,
  scopes: ['openid'],
  audience: ['urn:example:api'],
  issuedAt: now,
  expiresAt: now + 60 * 60,
  ...values,
})

export const anAccessToken = (now: number, values: Partial<AccessTokenRecord> = {}): AccessTokenRecord => ({
  v: 1,
  jti: randomId(),
  clientId: 'client',
  scopes: ['openid'],
  audience: ['urn:example:api'],
  issuedAt: now,
  expiresAt: now + 5 * 60,
  clientEpoch: 1,
  revoked: false,
  ...values,
})

/** An access token and a refresh token on a grant, and the digest under which the latter is looked up. */
export function aPair(now: number, grant: GrantRecord): { digest: string; jti: string; successors: Successors } {
  const digest = randomId(32)
  const accessToken = anAccessToken(now, {
    grantId: grant.grantId,
    clientId: grant.clientId,
    sub: grant.sub,
    clientEpoch: grant.clientEpoch,
  })
  const refreshToken = { digest, record: aRefreshToken(now) }
  return { digest, jti: accessToken.jti, successors: { accessToken, refreshToken, grantExpiresAt: now + 60 * 60 } }
}

/** Design rule: every part is there, none is revoked, and the epochs are those that the grant was given. */
export function isLive({ token, grant, client, user }: AccessTokenState): boolean {
  if (!token || token.revoked || !client?.active) return false
  if (token.grantId === undefined) return token.clientEpoch === client.revocationEpoch
  if (!grant || grant.revoked || !user?.active) return false
  return grant.clientEpoch === client.revocationEpoch && grant.userEpoch === user.revocationEpoch
}

/** The initial epoch comes from the caller at random, so that a record created anew never matches an old copy. */
function randomEpoch(): number {
  return Number.parseInt(Buffer.from(randomId(5), 'base64url').toString('hex'), 16)
}

/** A code of a grant of a client and a person of their own. */
export async function issueCode(store: Store, now: number) {
  const [tenant, client, user] = [newTenant(), aClient(now), aUser(now)]
  await store.clients.create(tenant, client)
  await store.users.create(tenant, user)
  const grant = aGrant(now, {
    clientId: client.clientId,
    sub: user.sub,
    clientEpoch: client.revocationEpoch,
    userEpoch: user.revocationEpoch,
  })
  const code = randomId(32)
  await store.codes.issue(tenant, grant, code, aCode(now))
  return { tenant, client, user, grant, code }
}
