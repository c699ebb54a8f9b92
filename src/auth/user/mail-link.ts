/**
 * One-use links by mail: 256 random bits, their SHA-256 in the store, bound to the account as it is when they are made: to its
 * revocation epoch, its password and its address, so that any change of these ends them. OWASP ASVS 6.4.2, 6.6.
 *
 * Asking for one is the same work whether there is such an account or not, in hashes, decisions and calls of the store, down to
 * a record that no link opens; the letter leaves after the answer (checklist 37).
 */
import { linkMail } from '../../../web/letters/link-mail.ts'
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { networkOf } from '../../http/network-of.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import { TOLD } from '../../kernel/told.ts'
import type { Mailer } from '../../mail/mailer.ts'
import { type Decide, publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { LimitStore, OneUseStore, UserStore } from '../../storage/port.ts'
import { type OneUseRecord, type UserRecord, userNameKey } from '../../storage/records.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { askMailLink, type LinkPurpose } from './ask-mail-link.ts'
import { localesOf, timeZoneOf } from './email.ts'
import { takeBackHit } from './take-back-hit.ts'

export interface MailLinkDeps {
  readonly issuer: string
  readonly store: {
    readonly users: Pick<UserStore, 'find'>
    readonly oneUse: OneUseStore
    readonly limits: Pick<LimitStore, 'hit'>
  }
  readonly decide: Decide
  readonly audit: Audit
  readonly clock: Clock
  readonly mail: Mailer
  /** Whether nothing is counted against an address, which may be everybody's. */
  readonly spares: (address: string) => boolean
}

const HOUR = 3600
/** Of `asked.lately`; who was refused may ask again after it, for policy names no time. */
const WAIT_SECONDS = 15 * 60

/** Links of one kind end together. */
export const LINK_KINDS: Readonly<Record<LinkPurpose, 'password_link' | 'email_link'>> = {
  password_reset: 'password_link',
  email_verify: 'email_link',
  email_change: 'email_link',
}

/** Whoever asked for one of them may not have been the person. */
export async function endMailLinks(
  deps: { readonly store: { readonly oneUse: Pick<OneUseStore, 'endOf'> } },
  tenant: string,
  sub: string,
): Promise<void> {
  for (const kind of new Set(Object.values(LINK_KINDS))) await deps.store.oneUse.endOf(tenant, sub, kind)
}

const PATHS = { password_link: '/password/reset', email_link: '/email/verify' } as const

export interface LinkAsked {
  readonly purpose: LinkPurpose
  /** As typed, or the account's own. */
  readonly userName: string
  /** Undefined: nobody has that name. */
  readonly user: UserRecord | undefined
  /** Where it goes; absent: to the account's own address. */
  readonly to?: string
  /** Of the device that asks, where the account knows it. */
  readonly deviceId?: string | undefined
}

/** Throws slow_down and access_denied by policy, for any name alike. */
export async function sendMailLink(deps: MailLinkDeps, request: HttpRequest, asked: LinkAsked): Promise<void> {
  const { purpose, user } = asked
  const verdict = await askMailLink(deps, request, {
    purpose,
    stage: 'ask',
    user,
    asked: await count(deps, request, asked),
  })
  if (!verdict.allow) {
    await takeBackTurn(deps, request, asked)
    throw refusal(publicCode('mail_link', verdict, 'access_denied'))
  }
  const { send, ttl_seconds: ttlSeconds } = verdict.obligations

  const to = asked.to ?? (user && emailOf(user))
  // Nobody's lie under a name that no account has, bounded like those of anybody.
  const sub = user?.sub ?? digestOf(`nobody\n${userNameKey(asked.userName)}`)
  const { path, expiresAt } = await makeLink(deps, request.tenant, { purpose, user, sub, to, ttlSeconds })
  const letter = linkMail({
    purpose,
    link: `${deps.issuer}${path}`,
    minutes: Math.round(ttlSeconds / 60),
    issuer: deps.issuer,
    nowMs: deps.clock.nowMs(),
    locales: user ? localesOf(user) : [],
    ...(user && { timeZone: timeZoneOf(user) }),
    ...(user && to === emailOf(user) && isEmailVerified(user) && { userName: user.userName }),
  })
  await deps.audit({
    event: purpose === 'password_reset' ? 'password_reset_asked' : 'email_link_asked',
    tenant: request.tenant,
    request_id: request.id,
    ...(user && { sub: user.sub }),
    decision_id: verdict.decisionId,
    detail: send && to !== undefined ? 'sent' : 'not_sent',
  })
  if (send && to !== undefined) deps.mail.send({ ...letter, to, kind: purpose, until: expiresAt * 1000 })
}

/**
 * For who has just shown by another link that they read the address of the account: where the page is that sets a new password,
 * where policy would send a letter with it.
 */
export async function resetPathFor(
  deps: MailLinkDeps,
  request: HttpRequest,
  user: UserRecord,
): Promise<string | undefined> {
  const purpose = 'password_reset'
  const verdict = await askMailLink(deps, request, { purpose, stage: 'ask', user })
  if (!verdict.allow || !verdict.obligations.send) return undefined
  const ttlSeconds = verdict.obligations.ttl_seconds
  return (await makeLink(deps, request.tenant, { purpose, user, sub: user.sub, to: emailOf(user), ttlSeconds })).path
}

interface LinkMade {
  readonly purpose: LinkPurpose
  readonly user: UserRecord | undefined
  readonly sub: string
  readonly to: string | undefined
  readonly ttlSeconds: number
}

async function makeLink(deps: MailLinkDeps, tenant: string, { purpose, user, sub, to, ttlSeconds }: LinkMade) {
  const [kind, secret, now] = [LINK_KINDS[purpose], randomSecret(), epochSeconds(deps.clock)]
  const expiresAt = now + ttlSeconds
  const facts = { purpose, ...bindingOf(user), address: to ?? '' }
  await deps.store.oneUse.put(tenant, digestOf(secret), { v: 1, kind, sub, facts, createdAt: now, expiresAt })
  return { path: `${PATHS[kind]}?link=${secret}`, expiresAt }
}

const counterKey = (tenant: string, purpose: LinkPurpose, of: string, value: string): string =>
  `link:${purpose}:${of}:${digestOf(`${tenant}\n${value}`)}`

async function count(deps: MailLinkDeps, request: HttpRequest, { purpose, userName, deviceId }: LinkAsked) {
  const hit = (of: string, value: string, seconds = HOUR) =>
    deps.store.limits.hit(request.tenant, counterKey(request.tenant, purpose, of, value), seconds)
  const [name, network] = [userNameKey(userName), networkOf(request.origin.address)]
  const [here, account, address, lately] = await Promise.all([
    hit('here', [name, deviceId ?? network].join('\n')),
    deviceId === undefined ? hit('account', name) : 1,
    deps.spares(request.origin.address) ? 1 : hit('address', network),
    hit('lately', name, WAIT_SECONDS),
  ])
  return { here: here - 1, account: account - 1, address: address - 1, lately: lately - 1 }
}

/** Nobody's letter went: else whoever is refused for their own sake would take the turn of everybody else. */
async function takeBackTurn(deps: MailLinkDeps, { tenant }: HttpRequest, { purpose, userName }: LinkAsked) {
  const key = counterKey(tenant, purpose, 'lately', userNameKey(userName))
  await takeBackHit(deps.store.limits, tenant, key, WAIT_SECONDS)
}

/** The link, or its account, does not do: told like one that has ended. Throws what else policy has against it. */
export function isUsable(verdict: Verdict<'mail_link'>): verdict is Extract<typeof verdict, { allow: true }> {
  if (verdict.allow) return true
  const code = publicCode('mail_link', verdict, 'access_denied')
  if (code !== 'invalid_request') throw refusal(code)
  return false
}

const refusal = (code: ConstructorParameters<typeof OAuthError>[0]): OAuthError =>
  code === 'slow_down'
    ? new OAuthError(code, { retryAfterSeconds: WAIT_SECONDS })
    : new OAuthError('access_denied', { detail: TOLD.linkNotFromHere })

/** What of the account a link holds to. The digest of a digest: nothing of the password is in it. */
const bindingOf = (user: UserRecord | undefined) => ({
  epoch: user?.revocationEpoch ?? 0,
  credential: digestOf(user?.passwordHash ?? ''),
})

export interface OpenLink {
  readonly record: OneUseRecord
  readonly digest: string
  readonly user: UserRecord
  readonly purpose: LinkPurpose
  /** Where it was sent. */
  readonly address: string
}

const SECRET = /^[A-Za-z0-9_-]{43}$/

/** Looks, and spends nothing. Undefined: it has ended, was used, or its account is another now. */
export async function findMailLink(
  deps: MailLinkDeps,
  request: HttpRequest,
  kind: (typeof LINK_KINDS)[LinkPurpose],
  secret = request.form.get('link') ?? '',
): Promise<OpenLink | undefined> {
  if (!SECRET.test(secret)) return undefined
  const digest = digestOf(secret)
  const record = await deps.store.oneUse.find(request.tenant, kind, digest)
  const user = record?.sub === undefined ? undefined : await deps.store.users.find(request.tenant, record.sub)
  if (record === undefined || user === undefined || !stillHolds(record, user)) return undefined
  const purpose = record.facts.purpose as LinkPurpose
  return { record, digest, user, purpose, address: String(record.facts.address) }
}

/** A change of address is a letter to another one; every other link holds to the address that the account has. */
export function stillHolds({ facts }: OneUseRecord, user: UserRecord): boolean {
  const { epoch, credential } = bindingOf(user)
  const isSame = facts.epoch === epoch && facts.credential === credential
  return isSame && (facts.purpose === 'email_change' || facts.address === emailOf(user))
}
