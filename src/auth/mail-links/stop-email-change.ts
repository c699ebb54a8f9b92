/**
 * A change of address that its person did not want is stopped by the link that the address before was sent: what is asked for
 * ends, what was done is undone, whoever is in the account is put out of it, and a new password is set by a link. GET looks at nothing
 * and spends nothing, POST does: in one write of the account, and the link when all is done, so that a death in the middle leaves it,
 * and all of it can be done again. Asks `mail_link`. OWASP ASVS 6.3.7; checklist 42 and 45.
 */
import type { EndedWay } from '../../../web/letters/notice-mail.ts'
import { linkEndedPage, stopEmailChangePage } from '../../../web/mail-links.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { Verdict } from '../../policy-engine/decide.ts'
import type { UserStore } from '../../storage/port.ts'
import type { OneUseRecord, UserRecord } from '../../storage/records.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { seeOther } from '../session/answer-client.ts'
import { endAllOf, type PutOutDeps, putOut, withoutSession } from '../sign-in/put-out.ts'
import { askMailLink } from '../user/ask-mail-link.ts'
import { asTaken, changeUser } from '../user/change-user.ts'
import { withVerifiedEmail } from '../user/email.ts'
import { isUsable, type MailLinkDeps, resetPathFor } from '../user/mail-link.ts'
import { notifyUser } from '../user/notify.ts'
import { keepEndedPassword } from '../user/password/ended.ts'
import type { PasswordHasher } from '../user/password/hasher.ts'
import { slowedDown } from '../user/password/verify.ts'
import { type Before, beforeOf, canRestore, endStopLinks, pressAlone, STOP_LINK } from '../user/stop-link.ts'
import { type EndRecentDeps, endRecentWaysIn } from './end-recent.ts'
import { replyWithForm, requireForm } from './form.ts'

export type StopEmailChangeDeps = MailLinkDeps &
  PutOutDeps &
  EndRecentDeps & {
    readonly passwords: PasswordHasher
    readonly providers: { find(id: string): { readonly options: { readonly displayName: string } } | undefined }
    readonly store: MailLinkDeps['store'] & {
      readonly users: Pick<UserStore, 'find' | 'findByVerifiedEmail' | 'replace'>
    }
  }

const about = (link: string): readonly string[] => ['stop_email_change', link]
const ended = (): Reply => ({ status: 400, ...linkEndedPage('/account') })

/** GET /email/stop. */
export async function showStopEmailChange(deps: StopEmailChangeDeps, request: HttpRequest): Promise<Reply> {
  const link = request.query.get('link')
  if (link === undefined) return ended()
  return replyWithForm(deps, request, 200, about(link), (formToken) => stopEmailChangePage({ link, formToken }))
}

/** POST /email/stop. */
export async function stopEmailChange(deps: StopEmailChangeDeps, request: HttpRequest): Promise<Reply> {
  const link = request.form.get('link') ?? ''
  requireForm(deps, request, about(link))
  const digest = digestOf(link)
  const find = () => deps.store.oneUse.find(request.tenant, STOP_LINK, digest)
  const found = await find()
  const user = found?.sub === undefined ? undefined : await deps.store.users.find(request.tenant, found.sub)
  const verdict = await askMailLink(deps, request, { purpose: 'email_stop', stage: 'use', user })
  if (!isUsable(verdict) || user === undefined) return ended()

  // Of nothing that anybody knows: the account has a password as before, so that a link can set another. Whether it has one is
  // known when it is written.
  const { end_password: endsPassword } = verdict.obligations
  const passwordHash = endsPassword ? await slowedDown(deps.passwords.hash(randomSecret())) : undefined
  return pressAlone(deps.store.limits, request.tenant, digest, async () => {
    const record = await find()
    return record ? stop(deps, request, { record, digest, sub: user.sub, verdict, passwordHash }) : ended()
  })
}

interface Stopping {
  readonly record: OneUseRecord
  readonly digest: string
  readonly sub: string
  readonly verdict: Extract<Verdict<'mail_link'>, { allow: true }>
  /** What stands in the place of the password; undefined: it stays. */
  readonly passwordHash: string | undefined
}

async function stop(deps: StopEmailChangeDeps, request: HttpRequest, stopping: Stopping): Promise<Reply> {
  const { record, digest, verdict, passwordHash } = stopping
  const before = beforeOf(record)
  const stopped = await undo(deps, request, before, stopping)
  if (stopped === undefined) return ended()
  const { now, other, passwordBefore } = stopped
  const hasNoPassword = passwordHash !== undefined && now.passwordHash === passwordHash
  const told = { tenant: request.tenant, request_id: request.id, sub: now.sub, decision_id: verdict.decisionId }
  await deps.audit({ event: 'risk_signal', ...told, detail: 'reported_by_person' })
  if (other !== undefined) await deps.audit({ event: 'email_changed', ...told, detail: 'restored' })
  if (hasNoPassword) {
    await keepEndedPassword(deps, request.tenant, { sub: now.sub, passwordHash: passwordBefore })
    await deps.audit({ event: 'password_changed', ...told, detail: 'ended' })
  }
  const { end_factors: endsFactors, ttl_seconds: ttlSeconds } = verdict.obligations
  const lately = { since: record.createdAt - ttlSeconds, decisionId: verdict.decisionId }
  const waysEnded = endsFactors === 'recent' ? await endRecentWaysIn(deps, request, now, lately) : []
  const reply = await goOn(deps, request, now, { hasNoPassword, decisionId: verdict.decisionId })
  await deps.store.oneUse.take(request.tenant, STOP_LINK, digest)
  await endStopLinks(deps, request.tenant, now.sub, before)
  const named = waysEnded.map((way) => asPeopleKnow(deps, way))
  if (verdict.obligations.notify) notifyUser(deps, now, 'email_change_stopped', { alsoTo: other, ended: named })
  return reply
}

const asPeopleKnow = ({ providers }: Pick<StopEmailChangeDeps, 'providers'>, ended: EndedWay): EndedWay =>
  ended.way === 'provider' ? { ...ended, name: providers.find(ended.name)?.options.displayName ?? ended.name } : ended

/** Everybody is out, and whoever has the link goes on to a new password, else to a sign-in. */
async function goOn(
  deps: StopEmailChangeDeps,
  request: HttpRequest,
  now: UserRecord,
  { hasNoPassword, decisionId }: { readonly hasNoPassword: boolean; readonly decisionId: string },
): Promise<Reply> {
  // No letter sets a password where nobody has proven the address: what other ways in there are is for the sign-in.
  if (!hasNoPassword || !isEmailVerified(now)) return putOut(deps, request, now, decisionId)
  await endAllOf(deps, request, now, decisionId)
  const reset = await resetPathFor(deps, request, now)
  return withoutSession(deps, request, () =>
    seeOther(reset === undefined ? '/password/forgot' : `${reset}&after=stopped`),
  )
}

type Stopped = {
  /** The account as it is then. */
  readonly now: UserRecord
  /** The address that it had instead, where it had another. */
  readonly other: string | undefined
  /** What stood in the place of the password that it has then. */
  readonly passwordBefore: string | undefined
}

/** Undefined: the link undoes nothing of the account as it is. */
async function undo(
  deps: StopEmailChangeDeps,
  request: HttpRequest,
  before: Before,
  { record, sub, verdict, passwordHash }: Stopping,
): Promise<Stopped | undefined> {
  let [other, passwordBefore]: (string | undefined)[] = []
  const write = (change: (user: UserRecord) => Partial<UserRecord>) =>
    changeUser(deps.store.users, request.tenant, sub, epochSeconds(deps.clock), (user) => {
      if (!user.active || !canRestore(before, user)) return undefined
      other = emailOf(user) === before.address ? undefined : emailOf(user)
      passwordBefore = user.passwordHash
      return change(user)
    }).catch(asTaken)
  const restore = () => write((user) => undoneChange(user, before, passwordHash))
  const undone = await restore()
  // Another account has proven the address meanwhile. Whoever is in this one may have had a letter of that one confirmed.
  const { decisionId } = verdict
  const isFree =
    undone === 'email_taken' && (await endProofSince(deps, request, before, { since: record.createdAt, decisionId }))
  const again = isFree ? await restore() : undone
  // It stays there. The address that stands in its place here proves nothing either.
  const now = again === 'email_taken' ? await write((user) => withoutProof(user, passwordHash)) : again
  if (now === 'email_taken') throw new StoreUnavailable('an address without proof is taken')
  return now && { now, other, passwordBefore }
}

/** The new epoch ends a change that waits for its letter, in the same write. */
function undoneChange(
  user: UserRecord,
  { address, changedAt }: Before,
  passwordHash: string | undefined,
): Partial<UserRecord> {
  return {
    revocationEpoch: user.revocationEpoch + 1,
    ...(emailOf(user) !== address && { profile: withVerifiedEmail(user, address), emailChangedAt: changedAt }),
    ...endedPassword(user, passwordHash),
  }
}

const withoutProof = (user: UserRecord, passwordHash: string | undefined): Partial<UserRecord> => ({
  revocationEpoch: user.revocationEpoch + 1,
  profile: { ...user.profile, emailVerified: false },
  ...endedPassword(user, passwordHash),
})

const endedPassword = (user: UserRecord, passwordHash: string | undefined): Partial<UserRecord> =>
  user.passwordHash !== undefined && passwordHash !== undefined ? { passwordHash } : {}

/** Of an account whose person put the address in the place of another since: a directory's word stays. Answers whether it did. */
async function endProofSince(
  deps: StopEmailChangeDeps,
  { tenant, id }: HttpRequest,
  { address }: Before,
  { since, decisionId }: { readonly since: number; readonly decisionId: string },
): Promise<boolean> {
  const { users } = deps.store
  const holder = await users.findByVerifiedEmail(tenant, address)
  if (holder === undefined) return true
  const changed = await changeUser(users, tenant, holder.sub, epochSeconds(deps.clock), (user) =>
    emailOf(user) === emailOf(holder) && (user.emailChangedAt ?? 0) >= since
      ? { profile: { ...user.profile, emailVerified: false } }
      : undefined,
  )
  if (changed === undefined) return false
  const about = { tenant, request_id: id, sub: holder.sub, decision_id: decisionId }
  await deps.audit({ event: 'email_changed', ...about, detail: 'proof_ended' })
  return true
}
