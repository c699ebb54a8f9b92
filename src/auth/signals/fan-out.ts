/**
 * Finds the receivers of an event and gives each its task: those that policy lets hear of it. Asks `signal`. Begun anew after a
 * failure it makes the same tasks once more, and those that still wait stay as they are.
 */
import type { Audit } from '../../audit/events.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { OutboxStore, OutboxTask, OutgoingSignal } from '../../storage/outbox-port.ts'
import type { Store } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import type { StreamStore } from '../../storage/streams-port.ts'
import { askSignal, type RelationDeps, type Relations, relationsOf } from './ask-signal.ts'
import { type Candidate, candidatesOf } from './caep.ts'
import { type EnqueueDeps, enqueue } from './enqueue.ts'
import { queueOf, type Receiver, type StreamReceiver, tokenId, type WebhookReceiver } from './receivers.ts'
import type { StoredStreams } from './stored-streams.ts'

export type FanOutDeps = RelationDeps &
  EnqueueDeps & {
    readonly decide: Decide
    readonly audit: Audit
    readonly store: {
      readonly clients: Pick<Store['clients'], 'find'>
      readonly users: Pick<Store['users'], 'find'>
      readonly outbox: Pick<OutboxStore, 'add' | 'putOff' | 'status'>
      readonly streams: Pick<StreamStore, 'delete'>
    }
    /** Those of the configuration. */
    readonly receivers: readonly Receiver[]
    readonly stored: StoredStreams
    /** Something waits in the receiver's queue. */
    readonly wake: (receiver: Receiver) => void
    readonly count: (receiver: Receiver, outcome: 'denied' | 'dropped') => void
  }

/** What is known of an event once, for all its receivers. */
interface About {
  readonly tenant: string
  readonly task: OutboxTask
  readonly user: UserRecord | undefined
  readonly relations: Relations
}

const NOBODY: Relations = { session: new Set(), grants: new Map() }

export async function fanOut(deps: FanOutDeps, tenant: string, task: OutboxTask): Promise<void> {
  const { event } = task
  const candidates = candidatesOf(event)
  const webhooks = deps.receivers.filter((receiver) => receiver.kind === 'webhook')
  const streams = candidates.length === 0 ? [] : await streamsOf(deps, tenant)
  // Nobody is looked for too: whether an event is about an account is told by no work (checklist 37).
  const user = await deps.store.users.find(tenant, event.sub ?? '')
  const relations = streams.length === 0 ? NOBODY : await relationsOf(deps, tenant, event)
  const about = { tenant, task, user, relations }
  for (const webhook of webhooks) await tellWebhook(deps, about, webhook)
  for (const stream of streams)
    for (const [index, candidate] of candidates.entries()) await tellStream(deps, about, stream, candidate, index)
}

const streamsOf = async ({ receivers, stored }: FanOutDeps, tenant: string): Promise<readonly StreamReceiver[]> => [
  ...receivers.filter((receiver) => receiver.kind === 'stream'),
  ...(await stored.list(tenant)),
]

async function tellWebhook(deps: FanOutDeps, about: About, receiver: WebhookReceiver): Promise<void> {
  const { tenant, task, user, relations } = about
  const { name } = task.event
  if (receiver.events !== undefined && !receiver.events.includes(name)) return
  const told = await askSignal(deps, tenant, { receiver, event: { type: name, claims: [] }, user, relations })
  if (told === undefined) return deps.count(receiver, 'denied')
  const { detail: _why, ...bare } = task.event
  await queue(deps, about, receiver, { ...task, event: told.reasons === 'told' ? task.event : bare })
}

async function tellStream(
  deps: FanOutDeps,
  about: About,
  receiver: StreamReceiver,
  candidate: Candidate,
  index: number,
): Promise<void> {
  const { tenant, task, user, relations } = about
  // A token names a person: without one there is nothing to say.
  if (task.event.sub === undefined) return
  if (receiver.events !== undefined && !receiver.events.includes(candidate.type)) return
  const status = await deps.store.outbox.status(tenant, queueOf(receiver))
  if (status?.status === 'disabled') return
  const client = await deps.store.clients.find(tenant, receiver.clientId)
  if (client === undefined) return forsake(deps, tenant, receiver)
  const claims = candidate.type === 'token_claims_change' ? [...candidate.claims] : []
  const event = { type: candidate.type, claims }
  const told = await askSignal(deps, tenant, { receiver, client, event, user, relations })
  if (told === undefined) return deps.count(receiver, 'denied')
  const signal = signalOf(candidate, told)
  if (signal !== undefined)
    await queue(deps, about, receiver, { ...task, id: tokenId(receiver, task.id, index), signal })
}

/** Its client has ended by itself: nobody can delete it any more. */
async function forsake(deps: FanOutDeps, tenant: string, { name, stored }: StreamReceiver): Promise<void> {
  if (stored !== undefined) await deps.store.streams.delete(tenant, name)
}

/** Undefined: nothing of it may be told. */
function signalOf(candidate: Candidate, told: Obligations<'signal'>): OutgoingSignal | undefined {
  const reasons = told.reasons === 'told'
  if (candidate.type !== 'token_claims_change') return { ...candidate, reasons }
  // Whatever policy says: what did not change is not told here.
  const claims = candidate.claims.filter((name) => told.claims.includes(name))
  return claims.length === 0 ? undefined : { ...candidate, claims, reasons }
}

async function queue(deps: FanOutDeps, { tenant }: About, receiver: Receiver, task: OutboxTask): Promise<void> {
  const added = await enqueue(deps, tenant, receiver, { ...task, attempts: 0 })
  if (added === 'added') return deps.wake(receiver)
  deps.count(receiver, 'dropped')
  await deps.audit(notDelivered(tenant, receiver, task, 'queue_full'))
}

export const notDelivered = (tenant: string, receiver: Receiver, { event }: OutboxTask, detail: string) =>
  ({
    event: 'signal_not_delivered',
    tenant,
    detail,
    resource: `${queueOf(receiver)}:${event.name}:${event.id}`,
    ...(event.requestId !== undefined && { request_id: event.requestId }),
    ...(receiver.kind === 'stream' && { client_id: receiver.clientId }),
    ...(event.sub !== undefined && { sub: event.sub }),
  }) as const
