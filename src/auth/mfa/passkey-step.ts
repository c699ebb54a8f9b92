/**
 * A passkey at sign-in: alone, from the suggestions of the name field or its own page, or after another factor. The options
 * name no credential unless their owner has proven something, so that nobody learns who has passkeys. WebAuthn Level 3 7.2;
 * checklist 37 and 41. Asks `mfa`, then `login`.
 */
import { passkeyPage, type StepFault } from '../../../web/sign-in/second-factor.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { findWaiting, requireOwnForm, type Waiting } from '../sign-in/waiting.ts'
import { askMfa, mfaError, requireMfa } from './ask-mfa.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { auditFactor, type Claimed, checkStep, findClaimed, stepView } from './second-step.ts'
import { type Assertion, assertionOptions, useAssertion, verifyAssertion, whoAnswered } from './webauthn/assertion.ts'
import { type AuthenticationResponseJSON, readAssertion } from './webauthn/credential-json.ts'

/** The options of a fresh challenge, for this browser. */
async function options(deps: MfaDeps, request: HttpRequest, waiting: Waiting, claimed: Claimed | undefined) {
  const { user, proven = [] } = claimed ?? {}
  const signIn = { waiting, enrolmentDemanded: false, proven }
  const wanted = await requireMfa(deps, request, { action: 'verify_passkey', user, signIn, shows: true })
  const held = user && (await deps.store.factors.of(request.tenant, user.sub)).passkeys
  return assertionOptions(deps, request, waiting.secret, wanted, held)
}

async function page(
  deps: MfaDeps,
  request: HttpRequest,
  waiting: Waiting,
  status: number,
  fault?: StepFault,
): Promise<Reply> {
  const claimed = await findClaimed(deps, request, waiting)
  const view = stepView(waiting, 'passkey', claimed?.user.userName, fault)
  return { status, ...passkeyPage({ ...view, options: await options(deps, request, waiting, claimed) }) }
}

/** GET /mfa/passkey. */
export async function showPasskey(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  return page(deps, request, await findWaiting(deps, request), 200)
}

/** POST /mfa/passkey/options: for the suggestions of the name field, with the token of the form that will send the answer. */
export async function passkeyOptions(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'passkey', waiting.id)
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: await options(deps, request, waiting, undefined),
  }
}

const FAILED = { factor: 'passkey', outcome: 'failed' } as const

interface Checked {
  readonly user: UserRecord | undefined
  readonly assertion: Assertion | undefined
  readonly proven: readonly string[]
}

async function judge(deps: MfaDeps, request: HttpRequest, waiting: Waiting, { user, assertion, proven }: Checked) {
  const verdict = await askMfa(deps, request, {
    action: 'verify_passkey',
    user,
    signIn: { waiting, enrolmentDemanded: false, proven },
    ...(assertion && {
      shown: { ...assertion.passkey, userVerified: assertion.userVerified, backedUp: assertion.backedUp },
    }),
  })
  if (verdict.allow) return undefined
  if (verdict.reasons.includes('user_not_verified')) return 'user_not_verified' as const
  // An account that is locked reads as any passkey that does not do.
  if (verdict.reasons.length > 0 && verdict.reasons.every((reason) => reason === 'subject_inactive'))
    return 'wrong' as const
  throw mfaError(verdict)
}

/** Nothing that fails here tells why, but that the authenticator did not verify its user. */
async function check(
  deps: MfaDeps,
  request: HttpRequest,
  waiting: Waiting,
  response: AuthenticationResponseJSON,
): Promise<Checked> {
  const assertion = await verifyAssertion(deps, request, waiting.secret, response)
  const before = assertion === undefined ? await whoAnswered(deps, request, response) : undefined
  if (before !== undefined) await auditFactor(deps, request, 'factor_failed', { sub: before }, 'passkey:replayed')
  const user = assertion && (await deps.store.users.find(request.tenant, assertion.passkey.sub))
  const claimed = await findClaimed(deps, request, waiting)
  const isOther = claimed !== undefined && user !== undefined && claimed.user.sub !== user.sub
  const proven = claimed?.proven ?? []
  return isOther ? { user: undefined, assertion: undefined, proven } : { user, assertion, proven }
}

/** POST /mfa/passkey. */
export async function passkeyStep(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'passkey', waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)
  const response = readAssertion(request.form.get('credential'))
  if (response === undefined) return page(deps, request, waiting, 400, 'missing')

  const checked = await check(deps, request, waiting, response)
  const { user, assertion } = checked
  const refused = await judge(deps, request, waiting, checked)
  if (refused !== undefined && user !== undefined)
    await auditFactor(deps, request, 'factor_failed', user, `passkey:${refused}`)
  const again = (status: number) => page(deps, request, waiting, status, refused ?? 'wrong')

  return checkStep(
    deps,
    request,
    waiting,
    user,
    again,
    async () => {
      if (assertion === undefined || user === undefined || refused !== undefined) return FAILED
      const use = await useAssertion(deps, request, waiting.secret, assertion)
      if (use === 'used') return { factor: 'passkey', outcome: 'verified', userVerified: assertion.userVerified }
      await auditFactor(
        deps,
        request,
        'factor_failed',
        user,
        use === 'regressed' ? 'passkey:counter_regressed' : `passkey:${use}`,
      )
      return FAILED
    },
    'unguessable',
  )
}
