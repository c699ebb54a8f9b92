/**
 * A recovery code in place of the second factor: used once, told to its owner, and guessed no more often than any other code.
 * ASVS 6.5.1 and 6.5.2; checklist 40. Asks `mfa`, then `login`.
 */
import { recoveryPage, type StepFault } from '../../../web/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { UserRecord } from '../../storage/records.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { findWaiting, requireOwnForm, type Waiting } from '../sign-in/waiting.ts'
import { notifyUser } from '../user/notify.ts'
import { noteSpent, whoSpent } from '../user/spent.ts'
import { requireMfa } from './ask-mfa.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { readRecoveryCode, recoveryDigest } from './recovery-codes.ts'
import { auditFactor, checkStep, countGuesses, findClaimed, loginAt, requireGuess, stepView } from './second-step.ts'

const SPENT = 'recovery_code_spent'

const page = (waiting: Waiting, user: UserRecord, status: number, fault?: StepFault): Reply => ({
  status,
  ...recoveryPage(stepView(waiting, 'recovery', user.userName, fault)),
})

/** GET /mfa/recovery. */
export async function showRecovery(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user, proven } = claimed
  await requireMfa(deps, request, {
    action: 'verify_recovery_code',
    user,
    signIn: { waiting, enrolmentDemanded: false, proven },
    shows: true,
  })
  return page(waiting, user, 200)
}

/** POST /mfa/recovery. */
export async function recoveryStep(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'recovery', waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user } = claimed
  const typed = request.form.get('code')
  if (typed === undefined) return page(waiting, user, 400, 'missing')

  const counted = await countGuesses(deps, request, waiting, user, 'recovery')
  await requireGuess(deps, request, waiting, claimed, 'verify_recovery_code', counted)

  return checkStep(
    deps,
    request,
    waiting,
    user,
    (status) => page(waiting, user, status, 'wrong'),
    async () => {
      const code = readRecoveryCode(typed)
      const digest = code && recoveryDigest(request.tenant, user.sub, code)
      const { factors, oneUse } = deps.store
      if (digest === undefined || (await factors.recoveryCodes.use(request.tenant, user.sub, digest)) !== 'used') {
        const spent = digest !== undefined && (await whoSpent(oneUse, request.tenant, SPENT, digest)) === user.sub
        await auditFactor(deps, request, 'factor_failed', user, `recovery_code:${spent ? 'replayed' : 'wrong'}`)
        return { factor: 'recovery_code', outcome: 'failed' }
      }
      await noteSpent(oneUse, request.tenant, SPENT, { digest, sub: user.sub, at: epochSeconds(deps.clock) })
      await counted.right()
      await auditFactor(deps, request, 'recovery_code_used', user, 'sign_in')
      notifyUser(deps, user, 'recovery_code_used')
      return { factor: 'recovery_code', outcome: 'verified' }
    },
  )
}
