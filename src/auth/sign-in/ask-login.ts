/** Asks `login`: the facts of a sign-in are put together here and nowhere else, whichever way it is made. Checklist 39. */
import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { Verdict } from '../../policy-engine/decide.ts'
import type { ProvenFactor, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { authenticationFacts, signedInHere } from '../session/subject-stage.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { FailureCounts } from './failures.ts'
import { loginFactors } from './progress.ts'
import type { Waiting, WaitingDeps } from './waiting.ts'

/** What an account can prove itself with. Asked of a person who has proven something only. */
export type EnrolledFactors = (tenant: string, user: UserRecord) => Promise<readonly FactorKind[]>

/** Whether this browser has signed in to the account before, and is remembered by it. */
export type DeviceFactsOf = (
  request: HttpRequest,
  account: { readonly userName: string } | { readonly sub: string },
) => Promise<DecisionInput<'login'>['device']>

export type AskLoginDeps = WaitingDeps & {
  readonly enrolled: EnrolledFactors
  readonly deviceFacts: DeviceFactsOf
}

const requestedOf = ({ interaction }: Waiting): DecisionInput<'login'>['requested'] => ({
  scopes: [...interaction.scopes],
  ...(interaction.acrValues && { acr_values: [...interaction.acrValues] }),
  ...(interaction.essentialAcr && { essential_acr: [...interaction.essentialAcr] }),
})

const NO_DEVICE = { known: false, remembered: false }

/** Before a factor is checked. `userName` is undefined where nobody was named yet. */
export async function askAttempt(
  deps: AskLoginDeps,
  request: HttpRequest,
  waiting: Waiting,
  failures: FailureCounts,
  userName?: string,
): Promise<Verdict<'login'>> {
  return deps.decide(
    'login',
    {
      tenant: request.tenant,
      stage: 'attempt',
      client: clientFacts(waiting.client, 'none'),
      factors: loginFactors([]),
      requested: requestedOf(waiting),
      device: userName === undefined ? NO_DEVICE : await deps.deviceFacts(request, { userName }),
      failures,
      request: request.origin,
    },
    { requestId: request.id },
  )
}

export interface Evidence {
  /** Undefined: nobody of that name. */
  readonly user: UserRecord | undefined
  readonly proven: readonly ProvenFactor[]
  readonly failed?: FactorKind | undefined
  readonly failures: FailureCounts
  /** An earlier sign-in in this browser that counts beside what was proven. */
  readonly session?: LiveSession | undefined
}

/** After a factor was checked, or where an earlier sign-in counts. */
export async function askFactors(
  deps: AskLoginDeps,
  request: HttpRequest,
  waiting: Waiting,
  { user, proven, failed, failures, session }: Evidence,
): Promise<Verdict<'login'>> {
  const known = user !== undefined && failed === undefined
  const federated = proven.find(({ kind }) => kind === 'federated')
  const [enrolled, device] = await Promise.all([
    known ? deps.enrolled(request.tenant, user) : undefined,
    known ? deps.deviceFacts(request, { sub: user.sub }) : NO_DEVICE,
  ])
  return deps.decide(
    'login',
    {
      tenant: request.tenant,
      stage: 'factors',
      client: clientFacts(waiting.client, 'none'),
      ...(user && { subject: subjectFacts(user) }),
      factors: loginFactors(proven, failed),
      ...(federated?.acr !== undefined && { federated_acr: federated.acr }),
      ...(enrolled && { enrolled: [...enrolled] }),
      ...(session && { session: authenticationFacts(session.record) }),
      requested: requestedOf(waiting),
      device,
      failures,
      request: request.origin,
    },
    { requestId: request.id },
  )
}

/**
 * The session of this browser, where an earlier sign-in counts for what waits: not where a new one was asked for, it is too
 * old, or it began here already and did not do.
 */
export async function countingSession(
  deps: WaitingDeps,
  request: HttpRequest,
  { interaction }: Waiting,
): Promise<LiveSession | undefined> {
  const { askSignIn, authenticatedSince, accountChosen, prompt } = interaction
  const anew = askSignIn === true && !(accountChosen === true && prompt?.includes('login') !== true)
  if (anew) return undefined
  const session = await findSession(deps, request)
  if (session === undefined || signedInHere(interaction, session)) return undefined
  return authenticatedSince !== undefined && session.record.authTime < authenticatedSince ? undefined : session
}
