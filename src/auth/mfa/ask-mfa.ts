/** Asks `mfa`: the facts of every step with a second factor are put together here and nowhere else. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import type { DecisionInput, Obligations, Reason } from '../../policy-engine/contract/index.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { Factors, PasskeyRecord } from '../../storage/factors.ts'
import type { SessionRecord, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { requestedLevels } from '../session/requested-facts.ts'
import { ownAuthenticationFacts } from '../session/subject-stage.ts'
import { type AskLoginDeps, tried, triedFacts } from '../sign-in/ask-login.ts'
import type { Waiting } from '../sign-in/waiting.ts'
import { subjectFacts } from '../user/subject-facts.ts'

type Input = DecisionInput<'mfa'>
export type MfaAction = Input['action']
export type Shown = Pick<PasskeyRecord, 'aaguid' | 'attestation' | 'userVerified' | 'backupEligible' | 'backedUp'>

export interface SignInFacts {
  readonly waiting: Waiting
  readonly enrolmentDemanded: boolean
  readonly proven: readonly string[]
}

export interface MfaQuestion {
  readonly action: MfaAction
  /** Undefined: nobody is known yet. */
  readonly user?: UserRecord | undefined
  readonly session?: Pick<SessionRecord, 'acr' | 'amr' | 'authTime' | 'primaryAt'> | undefined
  readonly signIn?: SignInFacts | undefined
  /** A page is only shown: what was counted of the person is not read. */
  readonly shows?: boolean
  readonly held?: Factors | undefined
  readonly shown?: Shown | undefined
  readonly guesses?: Input['guesses']
  /** Of a removal. */
  readonly otherWays?: boolean | undefined
}

const NOTHING: Factors = { passkeys: [], recoveryCodes: 0 }

const heldFacts = ({ totp, passkeys, recoveryCodes }: Factors): Input['held'] => ({
  totp_factors: totp === undefined ? 0 : 1,
  passkeys: passkeys.length,
  recovery_codes_left: recoveryCodes,
})

const shownFacts = (shown: Shown): NonNullable<Input['authenticator']> => ({
  aaguid: shown.aaguid,
  attestation: shown.attestation,
  user_verified: shown.userVerified,
  backup_eligible: shown.backupEligible,
  backed_up: shown.backedUp,
})

const signInFacts = ({ waiting, enrolmentDemanded, proven }: SignInFacts) => ({
  sign_in: { enrolment_demanded: enrolmentDemanded, proven: [...proven] },
  client: clientFacts(waiting.client, 'none'),
  requested: requestedLevels(waiting.interaction),
})

export async function askMfa(
  deps: AskLoginDeps,
  request: HttpRequest,
  { action, user, session, signIn, shows, held = NOTHING, shown, guesses, otherWays }: MfaQuestion,
): Promise<Verdict<'mfa'>> {
  const faced = shows === true ? undefined : await tried(deps, request, { userName: user?.userName ?? '', user })
  return deps.decide(
    'mfa',
    {
      tenant: request.tenant,
      action,
      ...(user && { subject: subjectFacts(user) }),
      ...(session && { authentication: ownAuthenticationFacts(session) }),
      ...(signIn && signInFacts(signIn)),
      ...(faced && triedFacts(faced)),
      held: heldFacts(held),
      ...(shown && { authenticator: shownFacts(shown) }),
      ...(guesses && { guesses }),
      ...(otherWays !== undefined && { other_ways: otherWays }),
      request: request.origin,
    },
    { requestId: request.id },
  )
}

export type MfaDenied = Extract<Verdict<'mfa'>, { allow: false }>

/** What a person reads of a deny; anything else says no more than that it was denied. */
const DETAILS: Partial<Record<Reason<'mfa'>, string>> = {
  too_many_guesses: TOLD.tooManyCodes,
  enrolment_not_allowed: TOLD.factorFirst,
  too_risky: TOLD.factorNotFromHere,
  already_enrolled: TOLD.appAlready,
  too_many_factors: TOLD.tooManyPasskeys,
  nothing_enrolled: TOLD.noFactor,
  last_way_in: TOLD.lastWayIn,
}

const GUESSES_WAIT_SECONDS = 15 * 60

export function mfaError(verdict: MfaDenied): OAuthError {
  const code = publicCode('mfa', verdict, 'access_denied')
  const detail = verdict.reasons.map((reason) => DETAILS[reason]).find((text) => text !== undefined)
  return new OAuthError(code, {
    ...(detail !== undefined && { detail }),
    ...(code === 'slow_down' && { retryAfterSeconds: GUESSES_WAIT_SECONDS }),
  })
}

/** Throws what the person reads where policy denies. */
export async function requireMfa(
  deps: AskLoginDeps,
  request: HttpRequest,
  question: MfaQuestion,
): Promise<Obligations<'mfa'>> {
  const verdict = await askMfa(deps, request, question)
  if (!verdict.allow) throw mfaError(verdict)
  return verdict.obligations
}

export const withHeaders = (reply: Reply, headers: Readonly<Record<string, string | readonly string[]>>): Reply => ({
  ...reply,
  headers: { ...reply.headers, ...headers },
})
