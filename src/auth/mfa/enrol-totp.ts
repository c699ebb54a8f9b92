/**
 * Adds an authenticator app: the secret is shown as a QR code and as text, the same one for as long as it waits for its code in
 * this browser and sign-in, and is kept, sealed, as a factor only once a code of it was typed in. RFC 6238; checklist 40. Asks
 * `mfa`.
 */
import { type EnrolFault, enrolTotpPage } from '../../../web/sign-in/enrol.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { EnvelopeError } from '../../kernel/envelope.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import { TOLD } from '../../kernel/told.ts'
import { formToken } from '../session/csrf.ts'
import { sealTotpSecret, withTotpSecret } from '../user/totp-secret.ts'
import {
  aboutOf,
  added,
  askEnrolling,
  cancelled,
  type Enrolling,
  findEnrolling,
  isReply,
  isStepUp,
  requireEnrolForm,
} from './enrolling.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { qrCode } from './qr-code.ts'
import { newTotpSecret, otpauthUri, readCode, secretText, stepOf } from './totp.ts'

const PATH = '/mfa/enrol/totp'
const FORM = 'enrol_totp'
/** Of one-use records: a secret that is shown and not yet confirmed. */
const KIND = 'totp_enrolment'
const ENROLMENT_SECONDS = 15 * 60

function page(
  deps: MfaDeps,
  enrolling: Enrolling,
  enrolment: string,
  secret: Uint8Array,
  status: number,
  fault?: EnrolFault,
): Reply {
  const { user, query, leadsTo, uiLocales } = enrolling
  const uri = otpauthUri(secret, deps.relyingParty.name, user.userName)
  const view = enrolTotpPage({
    query,
    leadsTo,
    uiLocales,
    formToken: formToken(enrolling.secret, ...aboutOf(enrolling, FORM)),
    enrolment,
    qr: qrCode(uri),
    secret: secretText(secret),
    uri,
    fault,
  })
  return { status, ...view }
}

/** GET /mfa/enrol/totp. */
export async function showEnrolTotp(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const enrolling = await findEnrolling(deps, request, PATH)
  if (isReply(enrolling)) return enrolling
  const permit = await askEnrolling(deps, request, enrolling, { action: 'enrol_totp', page: PATH })
  if (isStepUp(permit)) return permit

  const enrolment = enrolmentOf(enrolling)
  return (await shownAgain(deps, request, enrolling, enrolment)) ?? begin(deps, request, enrolling, enrolment)
}

/** One of each person in each sign-in or session, which nobody without this browser's secret can name. */
const enrolmentOf = (enrolling: Enrolling): string =>
  formToken(enrolling.secret, ...aboutOf(enrolling, KIND), enrolling.user.sub)

/** A page that is loaded again, or in another language, may have been scanned before. Undefined: none waits. */
async function shownAgain(
  deps: MfaDeps,
  request: HttpRequest,
  enrolling: Enrolling,
  enrolment: string,
): Promise<Reply | undefined> {
  const sealed = await findSealed(deps, request, enrolling, enrolment)
  if (sealed === undefined) return undefined
  return opened(deps, request.tenant, enrolling.user.sub, sealed, (secret) =>
    page(deps, enrolling, enrolment, secret, 200),
  )
}

async function begin(deps: MfaDeps, request: HttpRequest, enrolling: Enrolling, enrolment: string): Promise<Reply> {
  const { sub } = enrolling.user
  const secret = newTotpSecret()
  try {
    const now = epochSeconds(deps.clock)
    await deps.store.oneUse.put(request.tenant, digestOf(enrolment), {
      v: 1,
      kind: KIND,
      sub,
      facts: { sealed: sealTotpSecret(deps.envelope, request.tenant, sub, secret) },
      createdAt: now,
      expiresAt: now + ENROLMENT_SECONDS,
    })
    return page(deps, enrolling, enrolment, secret, 200)
  } finally {
    secret.fill(0)
  }
}

const again = () => new OAuthError('invalid_request', { detail: TOLD.factorTooLate })

/** The secret that was shown to this person under that id. */
async function findSealed(
  deps: MfaDeps,
  request: HttpRequest,
  { user }: Enrolling,
  enrolment: string,
): Promise<string | undefined> {
  const record = await deps.store.oneUse.find(request.tenant, KIND, digestOf(enrolment))
  if (record?.sub !== user.sub || typeof record.facts.sealed !== 'string') return undefined
  return record.facts.sealed
}

/** POST /mfa/enrol/totp. */
export async function enrolTotp(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const enrolling = await findEnrolling(deps, request, PATH)
  if (isReply(enrolling)) return enrolling
  requireEnrolForm(deps, request, enrolling, FORM)
  const left = await cancelled(deps, request, enrolling)
  if (left !== undefined) return left
  const permit = await askEnrolling(deps, request, enrolling, { action: 'enrol_totp', page: PATH })
  if (isStepUp(permit)) return permit

  const { tenant } = request
  const { sub } = enrolling.user
  const enrolment = request.form.get('enrolment') ?? ''
  const sealed = await findSealed(deps, request, enrolling, enrolment)
  if (sealed === undefined) throw again()
  const code = readCode(request.form.get('code'))
  const now = epochSeconds(deps.clock)
  const shown = opened(deps, tenant, sub, sealed, (secret) => {
    const step = code === undefined ? undefined : stepOf(secret, code, now)
    const fault = code === undefined ? 'missing' : 'wrong'
    return step ?? page(deps, enrolling, enrolment, secret, code === undefined ? 400 : 401, fault)
  })
  if (shown === undefined) throw again()
  if (typeof shown !== 'number') return shown

  // Of two that confirm it at once one adds it.
  if ((await deps.store.oneUse.take(tenant, KIND, digestOf(enrolment))) === undefined) throw again()
  const written = await deps.store.factors.totp.add(tenant, sub, { v: 1, sealed, createdAt: now })
  if (written !== 'written') throw new OAuthError('invalid_request', { detail: TOLD.appAlready })
  await deps.store.factors.totp.useStep(tenant, sub, { sealed, step: shown, usedAt: now })
  return added(deps, request, enrolling, { factor: 'totp', recoveryCodes: permit.recovery_codes })
}

/** One that was sealed by an envelope key that is no more is as if it had ended. */
function opened<T>(
  deps: MfaDeps,
  tenant: string,
  sub: string,
  sealed: string,
  use: (secret: Uint8Array) => T,
): T | undefined {
  try {
    return withTotpSecret(deps.envelope, tenant, sub, sealed, use)
  } catch (cause) {
    if (cause instanceof EnvelopeError) return undefined
    throw cause
  }
}
