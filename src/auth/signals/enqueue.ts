/** Puts into a receiver's queue what it is to get: due now where it is sent, and when it is given up where it is fetched. */
import type { OutboxStore, OutboxTask } from '../../storage/outbox-port.ts'
import { isPolled, queueOf, type Receiver } from './receivers.ts'
import type { StoredStreams } from './stored-streams.ts'

export interface EnqueueDeps {
  readonly store: { readonly outbox: Pick<OutboxStore, 'add' | 'putOff'> }
  readonly stored: Pick<StoredStreams, 'find'>
}

export async function enqueue(
  deps: EnqueueDeps,
  tenant: string,
  receiver: Receiver,
  task: OutboxTask,
): Promise<'added' | 'full'> {
  const { outbox } = deps.store
  const queue = queueOf(receiver)
  if (!isPolled(receiver)) return outbox.add(tenant, queue, task, 0)
  const added = await outbox.add(tenant, queue, task, (task.expiresAt - task.createdAt) * 1000)
  if (added === 'full' || receiver.kind !== 'stream' || receiver.stored === undefined) return added
  // Its client may have turned it to push meanwhile, and what waited then was made due before this came.
  const now = await deps.stored.find(tenant, receiver.name)
  if (now !== undefined && !isPolled(now)) await outbox.putOff(tenant, queue, task, 0)
  return added
}
