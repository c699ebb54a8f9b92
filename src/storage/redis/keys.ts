/**
 * Names of keys. What one atomic step touches shares a hash tag, hence a slot and a node: a grant with its codes and tokens;
 * the clients of a tenant; the users of a tenant with their names and what ends with them. Everything else stands alone and spreads.
 */
import { createHash } from 'node:crypto'

const PLAIN = /^[A-Za-z0-9_.-]{1,128}$/

/** One part of a key: itself when plain, else a digest, so that no id can end a hash tag, forge a separator or grow a key. */
function part(value: string): string {
  if (PLAIN.test(value)) return value
  return `~${createHash('sha256').update(value, 'utf16le').digest('base64url')}`
}

export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  client = (tenant: string, clientId: string): string => `${this.#clients(tenant)}:id:${part(clientId)}`
  clientIndex = (tenant: string): string => `${this.#clients(tenant)}:index`
  clientEnds = (tenant: string): string => `${this.#clients(tenant)}:ends`
  streams = (tenant: string): string => `${this.#clients(tenant)}:streams`
  clientSequence = (tenant: string): string => `${this.#clients(tenant)}:sequence`

  user = (tenant: string, sub: string): string => `${this.#users(tenant)}:sub:${part(sub)}`
  userNames = (tenant: string): string => `${this.#users(tenant)}:names`
  /** Key of a verified address → whose it is. */
  userEmails = (tenant: string): string => `${this.#users(tenant)}:emails`
  /** Everybody is in `userEmails` who has one. */
  userEmailsDone = (tenant: string): string => `${this.userEmails(tenant)}:done`
  userIndex = (tenant: string): string => `${this.#users(tenant)}:index`
  userSequence = (tenant: string): string => `${this.#users(tenant)}:sequence`
  presence = (tenant: string, sub: string): string => `${this.#users(tenant)}:presence:${part(sub)}`
  consents = (tenant: string, sub: string): string => `${this.#users(tenant)}:consents:${part(sub)}`
  activity = (tenant: string, sub: string, shelf: string): string =>
    `${this.#users(tenant)}:activity:${part(shelf)}:${part(sub)}`
  devices = (tenant: string, sub: string): string => `${this.#users(tenant)}:devices:${part(sub)}`

  identitiesOf = (tenant: string, sub: string): string => `${this.#users(tenant)}:identities-of:${part(sub)}`
  identities = (tenant: string): string => `${this.#users(tenant)}:identities`
  factors = (tenant: string, sub: string): string => `${this.#users(tenant)}:factors:${part(sub)}`
  /** Credential id → whose it is. */
  passkeyIndex = (tenant: string): string => `${this.#users(tenant)}:passkeys`
  /** Who has a TOTP. */
  totpIndex = (tenant: string): string => `${this.#users(tenant)}:totp`
  oneUseOf = (tenant: string, sub: string): string => `${this.#users(tenant)}:one-use:${part(sub)}`
  oneUse = (tenant: string, kind: string, digest: string): string =>
    `${this.#prefix}{${part(tenant)}:one-use:${part(kind)}:${part(digest)}}`

  grant = (tenant: string, grantId: string): string => `${this.#prefix}{${part(tenant)}:grant:${part(grantId)}}`
  accessToken(tenant: string, jti: string, grantId: string | undefined): string {
    if (grantId !== undefined) return `${this.grant(tenant, grantId)}:token:${part(jti)}`
    return `${this.#prefix}{${part(tenant)}:token:${part(jti)}}`
  }

  session = (tenant: string, digest: string): string => `${this.#prefix}{${part(tenant)}:session:${part(digest)}}`
  /** What hangs on a session by its sid: whether it goes on, and its grants. */
  sessionMark = (tenant: string, sid: string): string => `${this.#prefix}{${part(tenant)}:sid:${part(sid)}}`
  sessionGrants = (tenant: string, sid: string): string => `${this.sessionMark(tenant, sid)}:grants`
  sessionClients = (tenant: string, sid: string): string => `${this.sessionMark(tenant, sid)}:clients`
  sessionIndex = (tenant: string): string => `${this.#prefix}{${part(tenant)}:sessions}`
  sessionsOf = (tenant: string, sub: string): string => `${this.#prefix}{${part(tenant)}:sessions-of:${part(sub)}}`
  grantsOfUser = (tenant: string, sub: string): string => `${this.#prefix}{${part(tenant)}:grants-of-user:${part(sub)}}`
  grantsOfClient = (tenant: string, clientId: string): string =>
    `${this.#prefix}{${part(tenant)}:grants-of-client:${part(clientId)}}`
  logouts = (tenant: string): string => `${this.#prefix}{${part(tenant)}:logouts}`
  logoutsDue = (tenant: string): string => `${this.logouts(tenant)}:due`
  outbox = (tenant: string, queue: string): string => `${this.#prefix}{${part(tenant)}:outbox:${part(queue)}}`
  outboxDue = (tenant: string, queue: string): string => `${this.outbox(tenant, queue)}:due`
  outboxStatus = (tenant: string, queue: string): string => `${this.outbox(tenant, queue)}:status`
  interaction = (tenant: string, digest: string): string =>
    `${this.#prefix}{${part(tenant)}:interaction:${part(digest)}}`
  interactionsOf = (tenant: string, sub: string): string =>
    `${this.#prefix}{${part(tenant)}:interactions-of:${part(sub)}}`
  pushedRequest = (tenant: string, digest: string): string => `${this.#prefix}{${part(tenant)}:pushed:${part(digest)}}`
  deviceGrant = (tenant: string, digest: string): string => `${this.#deviceGrants(tenant)}:${digest}`
  deviceUserCode = (tenant: string, digest: string): string => `${this.#deviceGrants(tenant)}:by-user-code:${digest}`
  deviceGrantsOf = (tenant: string, sub: string): string => `${this.#deviceGrants(tenant)}:of:${part(sub)}`
  limit = (tenant: string, key: string): string => `${this.#prefix}{${part(tenant)}:limit:${part(key)}}`
  attempts = (tenant: string, key: string): string => `${this.#prefix}{${part(tenant)}:attempts:${part(key)}}`
  sketch = (tenant: string, key: string): string => `${this.#prefix}{${part(tenant)}:sketch:${part(key)}}`
  sketchEnd = (tenant: string, key: string): string => `${this.sketch(tenant, key)}:end`
  series = (tenant: string, key: string): string => `${this.#prefix}{${part(tenant)}:series:${part(key)}}`
  throttles = (tenant: string): string => `${this.#prefix}{${part(tenant)}:throttles}`
  throttleRates = (tenant: string): string => `${this.throttles(tenant)}:rates`
  rises = (tenant: string, about: string, signal: string): string =>
    `${this.#prefix}{${part(tenant)}:rises:${about}:${signal}}`
  riseCounts = (tenant: string, about: string, signal: string): string => `${this.rises(tenant, about, signal)}:counts`
  replay = (tenant: string, key: string): string => `${this.#prefix}{${part(tenant)}:replay:${part(key)}}`

  platform = (): string => `${this.#prefix}{platform}`
  signingKeys = (): string => `${this.#prefix}{platform}:keys`
  setup = (digest: string): string => `${this.#prefix}{platform}:setup:${part(digest)}`
  chainHeads = (): string => `${this.#prefix}chain:{heads}`
  chainOrder = (): string => `${this.#prefix}chain:{heads}:order`
  mark = (bundle: string): string => `${this.#prefix}mark:{${part(bundle)}}`

  #deviceGrants(tenant: string): string {
    return `${this.#prefix}{${part(tenant)}:device-grants}`
  }

  #clients(tenant: string): string {
    return `${this.#prefix}{${part(tenant)}:clients}`
  }

  #users(tenant: string): string {
    return `${this.#prefix}{${part(tenant)}:users}`
  }
}
