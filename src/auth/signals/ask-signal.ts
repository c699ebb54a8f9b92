/** Asks `signal`: with what the receiver has to do with the person. A deny of an event is an answer like any other. */
import type { DecisionInput, Obligations } from '../../policy-engine/contract/index.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { Receiver } from './receivers.ts'

export type SignalInput = DecisionInput<'signal'>

export interface RelationDeps {
  readonly store: {
    readonly grants: Pick<Store['grants'], 'list'>
    readonly sessions: Pick<Store['sessions'], 'clients'>
  }
}

/** Which clients know a person, and by which scopes. */
export interface Relations {
  readonly session: ReadonlySet<string>
  /** Scopes of live grants, by client; a client whose grants are all over has none. */
  readonly grants: ReadonlyMap<string, ReadonlySet<string>>
}

const PAGE = 200
/** Of grants that are looked at: who has more of them than any honest person is known well enough. */
const MAX_PAGES = 10

export async function relationsOf(
  { store }: RelationDeps,
  tenant: string,
  { sub, sid }: { readonly sub?: string; readonly sid?: string },
): Promise<Relations> {
  const grants = new Map<string, Set<string>>()
  if (sub !== undefined)
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { records, total } = await store.grants.list(tenant, { sub }, page * PAGE, PAGE)
      for (const { clientId, scopes, revoked } of records) {
        const held = grants.get(clientId) ?? new Set()
        grants.set(clientId, held)
        if (!revoked) for (const scope of scopes) held.add(scope)
      }
      if ((page + 1) * PAGE >= total) break
    }
  const session = new Set(sid === undefined ? [] : await store.sessions.clients(tenant, sid))
  return { session, grants }
}

export const receiverFacts = ({ kind, name }: Pick<Receiver, 'kind' | 'name'>): SignalInput['receiver'] => ({
  kind,
  id: name,
})

export interface SignalQuestion {
  readonly receiver: Receiver
  /** The client of a stream. */
  readonly client?: ClientRecord | undefined
  readonly event: NonNullable<SignalInput['event']>
  readonly user?: UserRecord | undefined
  readonly relations: Relations
}

const relationTo = ({ session, grants }: Relations, clientId: string | undefined): SignalInput['relation'] => {
  if (clientId === undefined) return 'none'
  if (session.has(clientId)) return 'session'
  return grants.has(clientId) ? 'grant' : 'none'
}

/** What of the event may be told; undefined: nothing. Throws PolicyUnavailable. */
export async function askSignal(
  { decide }: { readonly decide: Decide },
  tenant: string,
  { receiver, client, event, user, relations }: SignalQuestion,
): Promise<Obligations<'signal'> | undefined> {
  const verdict = await decide('signal', {
    tenant,
    action: 'send',
    receiver: receiverFacts(receiver),
    ...(client && { client: clientFacts(client, 'none') }),
    event,
    ...(user && { subject: subjectFacts(user) }),
    relation: relationTo(relations, client?.clientId),
    scopes: [...(relations.grants.get(client?.clientId ?? '') ?? [])],
  })
  return verdict.allow ? verdict.obligations : undefined
}
