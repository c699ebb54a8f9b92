/** Asks `login`: the facts of a sign-in are put together here and nowhere else, whichever way it is made. Checklist 39. */
import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { Verdict } from '../../policy-engine/decide.ts'
import type { ProvenFactor } from '../../storage/interaction-records.ts'
import type { UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { type Device, type DeviceDeps, deviceOf } from '../session/device.ts'
import { requestedLevels } from '../session/requested-facts.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { authenticationFacts, type EnrolledFactors, signedInHere } from '../session/subject-stage.ts'
import type { AssessRisk, Attempted, SignInRisk } from '../threat/risk.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { loginFactors } from './progress.ts'
import type { Waiting, WaitingDeps } from './waiting.ts'

export type AskLoginDeps = WaitingDeps &
  DeviceDeps & {
    readonly enrolled: EnrolledFactors
    readonly assessRisk: AssessRisk
  }

/** Whom a sign-in is tried for, from where, and what that says of it. */
export interface Tried {
  readonly device: Device
  readonly risk: SignInRisk
  /** Absent where the attempt need not wait. */
  readonly hold?: Hold | undefined
}

/** An attempt that should wait and is checked all the same: whatever does not go on is answered with the wait. */
export interface Hold {
  readonly seconds: number
  /** Whether one that is right goes on. */
  readonly admits: boolean
}

/** `userName` is empty where nobody was named yet. */
export async function tried(
  deps: AskLoginDeps,
  request: HttpRequest,
  account: Omit<Attempted, 'device'>,
): Promise<Tried> {
  const device = await deviceOf(deps, request, { userName: account.userName, user: account.user })
  return { device, risk: await deps.assessRisk(request, { ...account, device }) }
}

const requestedOf = ({ interaction }: Waiting): DecisionInput<'login'>['requested'] => ({
  scopes: [...interaction.scopes],
  ...requestedLevels(interaction),
})

/** As other decisions about a person take them. */
export const triedFacts = ({ device, risk }: Tried) => ({ device: deviceFacts(device), risk: risk.facts })

const deviceFacts = ({ known, remembered }: Device) => ({ known, remembered })

/** Before a factor is checked. */
export function askAttempt(
  deps: AskLoginDeps,
  request: HttpRequest,
  waiting: Waiting,
  { device, risk }: { readonly device: Device; readonly risk: RiskFacts },
): Promise<Verdict<'login'>> {
  return deps.decide(
    'login',
    {
      tenant: request.tenant,
      stage: 'attempt',
      client: clientFacts(waiting.client, 'none'),
      factors: loginFactors([]),
      requested: requestedOf(waiting),
      device: deviceFacts(device),
      risk,
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
  readonly device: Device
  readonly risk: RiskFacts
  /** An earlier sign-in in this browser that counts beside what was proven. */
  readonly session?: LiveSession | undefined
}

/** After a factor was checked, or where an earlier sign-in counts. */
export async function askFactors(
  deps: AskLoginDeps,
  request: HttpRequest,
  waiting: Waiting,
  { user, proven, failed, device, risk, session }: Evidence,
): Promise<Verdict<'login'>> {
  const federated = proven.find(({ kind }) => kind === 'federated')
  const enrolled = user && failed === undefined ? await deps.enrolled(request.tenant, user) : undefined
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
      device: deviceFacts(device),
      risk,
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
  if (interaction.askSignIn === true) return undefined
  const session = await findSession(deps, request, interaction)
  if (session === undefined || signedInHere(interaction, session)) return undefined
  const { authenticatedSince } = interaction
  return authenticatedSince !== undefined && session.record.authTime < authenticatedSince ? undefined : session
}
