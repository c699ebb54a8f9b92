/**
 * What waits under a user code, for whom it is shown to: signed in, allowed by `authorize` (stage `subject`), and not guessing.
 * RFC 8628 3.3, 5.1; checklist 28.
 */
import { deviceCodePage } from '../../../../web/device.ts'
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { TOLD } from '../../../kernel/told.ts'
import type { Obligations } from '../../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../../policy-engine/decide.ts'
import type { DeviceGrantRecord } from '../../../storage/device-grants.ts'
import type { Store } from '../../../storage/port.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import type { FacedDeps } from '../../session/faced.ts'
import { findSession, type LiveSession, type SessionDeps } from '../../session/session.ts'
import { askSubjectStage, type SubjectStageDeps } from '../../session/subject-stage.ts'
import { signInFor } from '../../sign-in/own-pages.ts'
import type { AssessClient } from '../../threat/client-risk.ts'
import { deviceRequest } from './device-request.ts'
import { beginGuess, type GuessDeps, takeBackGuess } from './guesses.ts'
import { userCodeDigest } from './user-code.ts'

export type DevicePageDeps = SessionDeps &
  FacedDeps &
  SubjectStageDeps &
  GuessDeps & {
    readonly assessClient: AssessClient
    /** ISO 3166-1 alpha-2, where a source of places tells. */
    readonly countryOf: (address: string) => string | undefined
    readonly decide: Decide
    readonly audit: Audit
    readonly store: Pick<
      Store,
      'clients' | 'interactions' | 'consents' | 'deviceGrants' | 'codes' | 'grants' | 'limits'
    >
  }

export interface Asked {
  readonly userCode: string
  /** Of the device code. */
  readonly digest: string
  readonly request: DeviceGrantRecord
  readonly client: ClientRecord
  readonly session: LiveSession
  readonly obligations: Obligations<'authorize'>
}

export const confirmAt = (userCode: string): string => `/device/confirm?user_code=${userCode}`

export const unknownCode = (): Reply => ({ status: 400, ...deviceCodePage({ fault: 'unknown' }) })

/** Not again where one was made a moment ago: it reaches no more. */
const JUST_NOW_SECONDS = 60

/** A reply where they must sign in first, or where nothing waits. */
export async function findAsked(
  deps: DevicePageDeps,
  request: HttpRequest,
  userCode: string,
): Promise<Asked | { readonly reply: Reply }> {
  const page = confirmAt(userCode)
  const session = await findSession(deps, request)
  if (session === undefined) return { reply: await signInFor(deps, request, { page }) }

  await beginGuess(deps, request, session.user.sub)
  const found = await deps.store.deviceGrants.findByUserCode(request.tenant, userCodeDigest(userCode))
  const now = request.origin.time.epoch_seconds
  const waiting = found !== undefined && !found.answered && found.request.endsAt > now ? found : undefined
  const client = waiting && (await deps.store.clients.find(request.tenant, waiting.request.clientId))
  if (waiting === undefined || client === undefined) return { reply: unknownCode() }
  await takeBackGuess(deps, request, session.user.sub)

  const pending = deviceRequest(deps.issuer, waiting.request)
  const { verdict } = await askSubjectStage(deps, request, client, pending, session, 'device')
  if (!verdict.allow)
    throw new OAuthError(publicCode('authorize', verdict, 'access_denied'), {
      detail: TOLD.notForThisDevice,
    })
  const { obligations } = verdict
  if (obligations.sign_in === 'none') return { userCode, ...waiting, client, session, obligations }
  if (now - session.record.authTime < JUST_NOW_SECONDS) throw new OAuthError('unmet_authentication_requirements')
  const { scopes } = waiting.request
  return { reply: await signInFor(deps, request, { page, scopes, fresh: true, onlySub: session.user.sub }) }
}
