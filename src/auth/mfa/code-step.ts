/**
 * The step of a code that is typed, an app's or a recovery code: of whoever proved something before, counted before it is
 * checked. Asks `mfa`, then `login`. Checklist 40.
 */
import type { StepFault } from '../../../web/sign-in/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { loginAt } from '../sign-in/steps.ts'
import { findWaiting, requireOwnForm, type Waiting } from '../sign-in/waiting.ts'
import { requireMfa } from './ask-mfa.ts'
import type { Guesses } from './guesses.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { type Checked, checkStep, countGuesses, findClaimed, requireGuess } from './second-step.ts'

export interface CodeStep {
  /** Of its guesses, and what its form is about. */
  readonly kind: 'totp' | 'recovery'
  readonly action: 'verify_totp' | 'verify_recovery_code'
  page(waiting: Waiting, user: UserRecord, status: number, fault?: StepFault): Reply
  /** What was typed; undefined where that is no code. */
  read(typed: string | undefined): string | undefined
  check(
    deps: MfaDeps,
    request: HttpRequest,
    claimed: { readonly user: UserRecord; readonly code: string; readonly counted: Guesses },
  ): Promise<Omit<Checked, 'user' | 'again'>>
}

export async function showCodeStep(deps: MfaDeps, request: HttpRequest, { action, page }: CodeStep): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user, proven } = claimed
  const signIn = { waiting, enrolmentDemanded: false, proven }
  await requireMfa(deps, request, { action, user, signIn, shows: true })
  return page(waiting, user, 200)
}

export async function takeCodeStep(deps: MfaDeps, request: HttpRequest, step: CodeStep): Promise<Reply> {
  const { kind, action, page } = step
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, kind, waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user } = claimed
  const code = step.read(request.form.get('code'))
  if (code === undefined) return page(waiting, user, 400, 'missing')

  const counted = await countGuesses(deps, request, waiting, user, kind)
  await requireGuess(deps, request, waiting, claimed, action, counted)

  const again = (status: number) => page(waiting, user, status, 'wrong')
  return checkStep(deps, request, waiting, user, again, () => step.check(deps, request, { user, code, counted }))
}
