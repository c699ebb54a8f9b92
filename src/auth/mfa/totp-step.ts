/**
 * The code of an authenticator app, at sign-in and step-up: each step spent once. RFC 6238 5.2; checklist 40. Asks `mfa`, then
 * `login`.
 */
import { totpPage } from '../../../web/sign-in/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { UserRecord } from '../../storage/records.ts'
import { withTotpSecret } from '../user/totp-secret.ts'
import { type CodeStep, showCodeStep, takeCodeStep } from './code-step.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { auditFactor, stepView } from './second-step.ts'
import { readCode, stepOf } from './totp.ts'

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

const TOTP: CodeStep = {
  kind: 'totp',
  action: 'verify_totp',
  page: (waiting, user, status, fault) => ({ status, ...totpPage(stepView(waiting, 'totp', user.userName, fault)) }),
  read: readCode,
  check: async (deps, request, { user, code, counted }) => {
    const outcome = await useCode(deps, request, user, code)
    if (outcome === 'used') await counted.right()
    else await auditFactor(deps, request, 'factor_failed', user, `totp:${outcome}`)
    return {
      factor: 'totp',
      outcome: outcome === 'used' ? 'verified' : 'failed',
      ...(request.form.get('remember') === 'yes' && { rememberDevice: true }),
    }
  },
}

/** GET /mfa/totp. */
export const showTotp = (deps: MfaDeps, request: HttpRequest): Promise<Reply> => showCodeStep(deps, request, TOTP)

/** POST /mfa/totp. */
export const totpStep = (deps: MfaDeps, request: HttpRequest): Promise<Reply> => takeCodeStep(deps, request, TOTP)
