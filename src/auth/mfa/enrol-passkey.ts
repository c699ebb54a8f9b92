/**
 * Adds a passkey or security key: policy says what is asked of the authenticator, and judges it by what was verified of its
 * answer. WebAuthn Level 3 7.1; checklist 41. Asks `mfa` before and after.
 */
import { type EnrolFault, enrolPasskeyPage, unnamedPasskey } from '../../../web/sign-in/enrol.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { formToken } from '../session/csrf.ts'
import { askMfa, type MfaDenied, mfaError } from './ask-mfa.ts'
import {
  aboutOf,
  added,
  askEnrolling,
  cancelled,
  type Enrolling,
  enrollingFacts,
  findEnrolling,
  isReply,
  isStepUp,
  requireEnrolForm,
} from './enrolling.ts'
import { factorName } from './factor-name.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { auditFactor } from './second-step.ts'
import { readRegistration } from './webauthn/credential-json.ts'
import { registrationOptions, verifyRegistration } from './webauthn/registration.ts'

const PATH = '/mfa/enrol/passkey'
const FORM = 'enrol_passkey'

async function page(
  deps: MfaDeps,
  request: HttpRequest,
  enrolling: Enrolling,
  wanted: Obligations<'mfa'>,
  status: number,
  fault?: EnrolFault,
): Promise<Reply> {
  const { user, held, secret, query, leadsTo, uiLocales } = enrolling
  const person = { user, browser: secret, passkeys: held.passkeys }
  const view = enrolPasskeyPage({
    query,
    leadsTo,
    uiLocales,
    formToken: formToken(secret, ...aboutOf(enrolling, FORM)),
    options: await registrationOptions(deps, request, person, wanted),
    fault,
  })
  return { status, ...view }
}

/** GET /mfa/enrol/passkey. */
export async function showEnrolPasskey(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const enrolling = await findEnrolling(deps, request, PATH)
  if (isReply(enrolling)) return enrolling
  const permit = await askEnrolling(deps, request, enrolling, { action: 'enrol_passkey', page: PATH })
  return isStepUp(permit) ? permit : page(deps, request, enrolling, permit, 200)
}

const JUDGED = ['user_not_verified', 'attestation_not_verified', 'authenticator_not_allowed'] as const

/** What the person can do something about is said on the page; anything else is an error. */
function faultOf(verdict: MfaDenied): EnrolFault {
  const fault = JUDGED.find((reason) => verdict.reasons.includes(reason))
  if (fault === undefined) throw mfaError(verdict)
  return fault
}

/** POST /mfa/enrol/passkey. */
export async function enrolPasskey(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const enrolling = await findEnrolling(deps, request, PATH)
  if (isReply(enrolling)) return enrolling
  requireEnrolForm(deps, request, enrolling, FORM)
  const left = await cancelled(deps, request, enrolling)
  if (left !== undefined) return left
  const permit = await askEnrolling(deps, request, enrolling, { action: 'enrol_passkey', page: PATH })
  if (isStepUp(permit)) return permit

  const { user, secret } = enrolling
  const response = readRegistration(request.form.get('credential'))
  const shown = response && (await verifyRegistration(deps, request, { user, browser: secret }, response))
  if (shown === undefined) return page(deps, request, enrolling, permit, 400, 'wrong')

  const verdict = await askMfa(deps, request, { action: 'enrol_passkey', ...enrollingFacts(enrolling), shown })
  if (!verdict.allow) {
    const fault = faultOf(verdict)
    await auditFactor(deps, request, 'factor_failed', user, `passkey:${fault}`)
    return page(deps, request, enrolling, permit, 403, fault)
  }

  const name = factorName(request.form.get('name')) ?? unnamedPasskey(enrolling.uiLocales)
  const passkey = { ...shown, name, createdAt: epochSeconds(deps.clock) }
  if ((await deps.store.factors.passkeys.add(request.tenant, passkey)) !== 'written')
    return page(deps, request, enrolling, permit, 409, 'taken')
  const { recovery_codes: recoveryCodes } = verdict.obligations
  return added(deps, request, enrolling, { factor: 'passkey', name, userVerified: shown.userVerified, recoveryCodes })
}
