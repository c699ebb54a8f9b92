/** What the steps of a sign-in with a second factor share: whose it is, what else is offered, and what a wrong one comes to. */
import { isDeepStrictEqual } from 'node:util'
import type { StepFault, StepView } from '../../../web/sign-in/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { UserRecord } from '../../storage/records.ts'
import { formToken } from '../session/csrf.ts'
import { countingSession, tried } from '../sign-in/ask-login.ts'
import { auditRefusal, begin, proceed, refuseStep, type Step } from '../sign-in/proceed.ts'
import { countingFactors } from '../sign-in/progress.ts'
import { shownName, type Waiting } from '../sign-in/waiting.ts'
import type { Attempted } from '../threat/risk.ts'
import { type MfaAction, requireMfa } from './ask-mfa.ts'
import { type Guesses, guesses } from './guesses.ts'
import type { MfaDeps } from './mfa-deps.ts'

export interface Claimed {
  readonly user: UserRecord
  /** Kinds of what was proven in this sign-in. */
  readonly proven: readonly string[]
}

/**
 * Who has proven something in this sign-in, or has a session that counts for it. A second factor is checked of nobody else:
 * whoever knows no password guesses no codes.
 */
export async function findClaimed(deps: MfaDeps, request: HttpRequest, waiting: Waiting): Promise<Claimed | undefined> {
  const { progress } = waiting.interaction
  if (progress?.sub === undefined) return undefined
  const user = await deps.store.users.find(request.tenant, progress.sub)
  if (user === undefined) return undefined
  const proven = countingFactors(progress, user, epochSeconds(deps.clock)).map(({ kind }) => kind)
  if (proven.length > 0) return { user, proven }
  const session = await countingSession(deps, request, waiting)
  return session?.user.sub === user.sub ? { user, proven: [] } : undefined
}

export const stepView = (waiting: Waiting, about: string, userName?: string, fault?: StepFault): StepView => ({
  clientName: shownName(waiting),
  redirectUri: waiting.interaction.redirectUri,
  interactionId: waiting.id,
  formToken: formToken(waiting.secret, about, waiting.id),
  userName,
  offers: [...(waiting.interaction.progress?.offers ?? []), waiting.interaction.progress?.next ?? ''],
  fault,
  uiLocales: waiting.interaction.uiLocales,
})

export async function countGuesses(
  deps: MfaDeps,
  request: HttpRequest,
  { id: interaction }: Waiting,
  user: UserRecord,
  kind: 'totp' | 'recovery',
): Promise<Guesses> {
  const from = await tried(deps, request, { userName: user.userName, user, proof: 'none' })
  return guesses(deps.store.limits, request, { kind, sub: user.sub, interaction, tried: from })
}

/**
 * Throws slow_down where too many were wrong. Asked again where others were counted meanwhile, so that many at once can't all
 * pass; nothing is counted while policy can't be asked.
 */
export async function requireGuess(
  deps: MfaDeps,
  request: HttpRequest,
  waiting: Waiting,
  { user, proven }: Claimed,
  action: Extract<MfaAction, 'verify_totp' | 'verify_recovery_code'>,
  counted: Guesses,
): Promise<void> {
  const ask = (counts: Awaited<ReturnType<Guesses['next']>>) =>
    requireMfa(deps, request, { action, user, signIn: { waiting, enrolmentDemanded: false, proven }, guesses: counts })
  const expected = await counted.next()
  await ask(expected)
  const counts = await counted.begin()
  if (!isDeepStrictEqual(counts, expected)) await ask(counts)
}

/** What came of checking a factor. */
export type Checked = Pick<Step, 'factor' | 'outcome' | 'userVerified' | 'rememberDevice' | 'again'> & {
  readonly user: UserRecord | undefined
}

/** Asks `login` whether the factor may be checked, checks it, and goes on with what came of it. */
export async function checkStep(
  deps: MfaDeps,
  request: HttpRequest,
  waiting: Waiting,
  user: UserRecord | undefined,
  again: Step['again'],
  check: () => Promise<Omit<Checked, 'user' | 'again'>>,
  proof: Attempted['proof'] = 'guessable',
): Promise<Reply> {
  const begun = await begin(deps, request, waiting, { userName: user?.userName ?? '', user, proof })
  if ('denied' in begun) {
    await auditRefusal(deps, request, waiting, begun.denied, user)
    return refuseStep(begun.denied, again)
  }
  const checked = await check()
  return proceed(deps, request, waiting, { ...checked, user, tried: begun.tried, again })
}

/** `detail` says of which factor and why, in words of ours. */
export async function auditFactor(
  deps: MfaDeps,
  request: HttpRequest,
  event: 'factor_failed' | 'factor_added' | 'factor_removed' | 'recovery_code_used' | 'recovery_codes_made',
  user: Pick<UserRecord, 'sub'>,
  detail: string,
): Promise<void> {
  await deps.audit({ event, tenant: request.tenant, request_id: request.id, sub: user.sub, detail })
}
