/** Asks `admin`, and turns its obligations into what an endpoint may show and write. A deny is 401 or 403. */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { ClientStore, UserStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { Offered } from '../client/metadata/offered.ts'
import type { SectorDeps } from '../client/metadata/sector.ts'
import { namedId } from '../session/named-id.ts'
import { signInAnew } from '../token/step-up.ts'
import { type ActorDeps, type Caller, spendSetup } from './actor.ts'

export type DecideAdminDeps = ActorDeps & { readonly decide: Decide; readonly audit: Audit }

/** What every endpoint of clients needs. */
export type AdminDeps = DecideAdminDeps &
  SectorDeps & {
    readonly offered: () => Offered
    readonly store: { readonly clients: ClientStore; readonly users: Pick<UserStore, 'find'> }
    readonly sealSecret: (tenant: string, clientId: string, secret: string) => string
  }

/** By field name: the facts that `admin` is decided on hold no values. */
export interface ClientChanges {
  readonly changed: readonly string[]
  readonly changedRoles: readonly string[]
  readonly changedScopes: readonly string[]
}

const nothingChanged: ClientChanges = { changed: [], changedRoles: [], changedScopes: [] }

export type AdminAction = DecisionInput<'admin'>['action']

export type AdminResource = DecisionInput<'admin'>['resource']['type']

export interface AdminQuestion {
  /** Absent: a client. */
  readonly type?: AdminResource
  readonly action: AdminAction
  /** As the caller named it; it need not exist. */
  readonly id?: string
  readonly stored?: Pick<ClientRecord, 'roles' | 'scopes'> | undefined
  /** Whose session or grant it is, or whose are listed. */
  readonly whose?: { readonly sub?: string | undefined; readonly clientId?: string | undefined }
  readonly changes?: ClientChanges
}

export interface AdminPermit {
  readonly visible: ReadonlySet<string>
  readonly decisionId: string
}

/** Throws Problem when policy denies, or allows less than what the request would change; OAuthError where a better sign-in would do. An allow spends the setup credential. */
export async function decideAdmin(
  deps: DecideAdminDeps,
  caller: Caller,
  request: HttpRequest,
  question: AdminQuestion,
): Promise<AdminPermit> {
  const { changed, changedRoles, changedScopes } = question.changes ?? nothingChanged
  const verdict = await deps.decide(
    'admin',
    {
      tenant: caller.tenant,
      actor: caller.actor,
      action: question.action,
      resource: {
        type: question.type ?? 'client',
        ...(question.id !== undefined && { id: namedId(question.id) }),
        ...(question.whose?.sub !== undefined && { sub: namedId(question.whose.sub) }),
        ...(question.whose?.clientId !== undefined && { client_id: namedId(question.whose.clientId) }),
        roles: [...(question.stored?.roles ?? [])],
        scopes: [...(question.stored?.scopes ?? [])],
      },
      changed: [...changed],
      changed_roles: [...changedRoles],
      changed_scopes: [...changedScopes],
      request: request.origin,
    },
    { requestId: request.id },
  )
  const needsSignIn = verdict.allow && verdict.obligations.step_up === 'required'
  const writable = new Set(verdict.allow ? verdict.obligations.writable : [])
  if (verdict.allow && !needsSignIn && changed.every((field) => writable.has(field))) {
    await spendSetup(deps, caller, request)
    return { visible: new Set(verdict.obligations.visible), decisionId: verdict.decisionId }
  }
  if (caller.setup !== undefined)
    await deps.audit({
      event: 'setup_refused',
      tenant: caller.tenant,
      request_id: request.id,
      decision_id: verdict.decisionId,
    })
  if (needsSignIn) throw signInAnew(verdict.obligations)
  throw new Problem(verdict.allow ? 'forbidden' : publicCode('admin', verdict, 'forbidden'))
}

/** Written before the change is answered as done: who changed which client, or ended what, never to what. */
export const auditChange = (
  deps: Pick<AdminDeps, 'audit'>,
  caller: Caller,
  request: HttpRequest,
  change: {
    /** Absent: a client. */
    readonly type?: AdminResource
    readonly action: AdminAction
    readonly id: string
    readonly decisionId: string
  },
): Promise<void> =>
  deps.audit({
    event: 'admin_changed',
    tenant: caller.tenant,
    request_id: request.id,
    client_id: caller.actor.client_id,
    ...(caller.actor.sub !== undefined && { sub: caller.actor.sub }),
    decision_id: change.decisionId,
    detail: change.action,
    resource: `${change.type ?? 'client'}:${change.id}`,
  })
