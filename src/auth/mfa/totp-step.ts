/**
 * The code of an authenticator app, at sign-in and step-up: of whoever proved something before, counted before it is checked,
 * each step spent once. RFC 6238 5.2; checklist 40. Asks `mfa`, then `login`.
 */
import { type StepFault, totpPage } from '../../../web/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { UserRecord } from '../../storage/records.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { findWaiting, requireOwnForm, type Waiting } from '../sign-in/waiting.ts'
import { withTotpSecret } from '../user/totp-secret.ts'
import { requireMfa } from './ask-mfa.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { auditFactor, checkStep, countGuesses, findClaimed, loginAt, requireGuess, stepView } from './second-step.ts'
import { readCode, stepOf } from './totp.ts'

const page = (waiting: Waiting, user: UserRecord, status: number, fault?: StepFault): Reply => ({
  status,
  ...totpPage(stepView(waiting, 'totp', user.userName, fault)),
})

/** GET /mfa/totp. */
export async function showTotp(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user, proven } = claimed
  const signIn = { waiting, enrolmentDemanded: false, proven }
  await requireMfa(deps, request, { action: 'verify_totp', user, signIn, shows: true })
  return page(waiting, user, 200)
}

type Outcome = 'used' | 'wrong' | 'replayed' | 'missing'

async function useCode(deps: MfaDeps, { tenant }: HttpRequest, { sub }: UserRecord, code: string): Promise<Outcome> {
  const { totp } = await deps.store.factors.of(tenant, sub)
  if (totp === undefined) return 'missing'
  const { sealed } = totp
  const now = epochSeconds(deps.clock)
  const step = withTotpSecret(deps.envelope, tenant, sub, sealed, (secret) => stepOf(secret, code, now))
  if (step === undefined) return 'wrong'
  return deps.store.factors.totp.useStep(tenant, sub, { sealed, step, usedAt: now })
}

/** POST /mfa/totp. */
export async function totpStep(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'totp', waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)
  const claimed = await findClaimed(deps, request, waiting)
  if (claimed === undefined) return loginAt(waiting.id)
  const { user } = claimed
  const code = readCode(request.form.get('code'))
  if (code === undefined) return page(waiting, user, 400, 'missing')

  const counted = await countGuesses(deps, request, waiting, user, 'totp')
  await requireGuess(deps, request, waiting, claimed, 'verify_totp', counted)

  return checkStep(
    deps,
    request,
    waiting,
    user,
    (status) => page(waiting, user, status, 'wrong'),
    async () => {
      const outcome = await useCode(deps, request, user, code)
      if (outcome === 'used') await counted.right()
      else await auditFactor(deps, request, 'factor_failed', user, `totp:${outcome}`)
      return {
        factor: 'totp',
        outcome: outcome === 'used' ? 'verified' : 'failed',
        ...(request.form.get('remember') === 'yes' && { rememberDevice: true }),
      }
    },
  )
}
