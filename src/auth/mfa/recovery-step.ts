/**
 * A recovery code in place of the second factor: used once, told to its owner, and guessed no more often than any other code.
 * ASVS 6.5.1 and 6.5.2; checklist 40. Asks `mfa`, then `login`.
 */
import { recoveryPage } from '../../../web/sign-in/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { notifyUser } from '../user/notify.ts'
import { noteSpent, whoSpent } from '../user/spent.ts'
import { type CodeStep, showCodeStep, takeCodeStep } from './code-step.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { readRecoveryCode, recoveryDigest } from './recovery-codes.ts'
import { auditFactor, stepView } from './second-step.ts'

const SPENT = 'recovery_code_spent'

const RECOVERY: CodeStep = {
  kind: 'recovery',
  action: 'verify_recovery_code',
  page: (waiting, user, status, fault) => ({
    status,
    ...recoveryPage(stepView(waiting, 'recovery', user.userName, fault)),
  }),
  read: (typed) => typed,
  check: async (deps, request, { user, code: typed, counted }) => {
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
}

/** GET /mfa/recovery. */
export const showRecovery = (deps: MfaDeps, request: HttpRequest): Promise<Reply> =>
  showCodeStep(deps, request, RECOVERY)

/** POST /mfa/recovery. */
export const recoveryStep = (deps: MfaDeps, request: HttpRequest): Promise<Reply> =>
  takeCodeStep(deps, request, RECOVERY)
