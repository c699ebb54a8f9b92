/** Asks `scim`, and turns its obligations into what an endpoint may show and write. A deny is 401 or 403 (RFC 7644 3.12). */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { actorFacts } from '../session/actor-facts.ts'
import type { EndSessionsDeps } from '../session/end-session.ts'
import { namedId } from '../session/named-id.ts'
import type { Bearer } from '../token/bearer.ts'
import { signInAnew } from '../token/step-up.ts'
import type { Changes } from './changes.ts'

/** What every SCIM endpoint needs. */
export interface ScimDeps extends EndSessionsDeps {
  readonly issuer: string
  readonly store: EndSessionsDeps['store'] & { readonly users: UserStore }
  readonly decide: Decide
  readonly audit: Audit
}

export type ScimAction = DecisionInput<'scim'>['action']

export interface ScimQuestion {
  readonly action: ScimAction
  /** As the caller named it; it need not exist. */
  readonly id?: string
  readonly stored?: UserRecord | undefined
  readonly changes?: Changes
}

export interface ScimPermit {
  readonly visible: ReadonlySet<string>
  readonly writable: ReadonlySet<string>
  readonly revokeAccess: boolean
  readonly leastPasswordCharacters: number
  readonly vouchesForEmail: boolean
  readonly decisionId: string
}

/** Throws ScimError when policy denies, or allows less than what the request would change; OAuthError where a better sign-in would do. */
export async function decideScim(
  deps: Pick<ScimDeps, 'decide'>,
  bearer: Bearer,
  request: HttpRequest,
  question: ScimQuestion,
): Promise<ScimPermit> {
  const changed = [...(question.changes?.changed ?? [])]
  const verdict = await deps.decide(
    'scim',
    {
      tenant: bearer.tenant,
      actor: actorFacts(bearer),
      action: question.action,
      resource: {
        type: 'User',
        ...(question.id !== undefined && { id: namedId(question.id) }),
        roles: [...(question.stored?.roles ?? [])],
      },
      changed,
      changed_roles: [...(question.changes?.changedRoles ?? [])],
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new ScimError(publicCode('scim', verdict, 'forbidden'))
  if (verdict.obligations.step_up === 'required') throw signInAnew(verdict.obligations)
  const writable = new Set(verdict.obligations.writable)
  if (!changed.every((name) => writable.has(name))) throw new ScimError('forbidden')
  const { visible, revoke_access, least_password_characters, vouches_for_email } = verdict.obligations
  return {
    visible: new Set(visible),
    writable,
    revokeAccess: revoke_access,
    leastPasswordCharacters: least_password_characters,
    vouchesForEmail: vouches_for_email,
    decisionId: verdict.decisionId,
  }
}

/** Written before the change is answered as done: who changed what of which user, never to what. */
export const auditChange = (
  deps: Pick<ScimDeps, 'audit'>,
  bearer: Bearer,
  request: HttpRequest,
  change: {
    readonly action: ScimAction
    readonly id: string
    readonly decisionId: string
    readonly changed?: readonly string[]
  },
): Promise<void> =>
  deps.audit({
    event: 'scim_changed',
    tenant: bearer.tenant,
    request_id: request.id,
    client_id: bearer.client.clientId,
    ...(bearer.user && { sub: bearer.user.sub }),
    decision_id: change.decisionId,
    detail: change.action,
    resource: `User:${change.id}`,
    ...(change.changed && { changed: change.changed }),
  })
