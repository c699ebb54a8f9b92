/** Push of a Security Event Token. RFC 8935 2: 202 is taken; of the errors of 2.4 those that no second try mends are final. */
import type { OutboxTask } from '../../storage/outbox-port.ts'
import type { Store } from '../../storage/port.ts'
import { type PostDeps, type Posted, post } from './post.ts'
import type { PushDelivery, StreamReceiver } from './receivers.ts'
import { mintSet, type SetDeps } from './set.ts'

export type PushDeps = PostDeps & SetDeps & { readonly store: { readonly clients: Pick<Store['clients'], 'find'> } }

/** A key that is not known yet, or a credential that is being changed, may be mended meanwhile; these are about the token. */
const FINAL: ReadonlySet<unknown> = new Set(['invalid_request', 'invalid_issuer', 'invalid_audience'])

function errorIn(body: Uint8Array | undefined): unknown {
  try {
    return Object(JSON.parse(Buffer.from(body ?? []).toString())).err
  } catch {
    return undefined
  }
}

/** Undefined: there is nothing to tell any more. */
export async function pushSet(
  deps: PushDeps,
  tenant: string,
  receiver: StreamReceiver,
  { url, authorization }: PushDelivery,
  task: OutboxTask,
  signal: AbortSignal,
): Promise<Posted | undefined> {
  const client = await deps.store.clients.find(tenant, receiver.clientId)
  const body = client && (await mintSet(deps, tenant, receiver, client, task))
  if (body === undefined) return undefined
  const credential = await authorization?.()
  const posted = await post(deps, url, {
    headers: {
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      ...(credential !== undefined && { authorization: credential }),
    },
    body,
    signal,
  })
  if (posted.status === undefined) return posted
  if (posted.status >= 200 && posted.status < 300) return { ...posted, outcome: 'delivered' }
  const isFinal = posted.status === 400 && FINAL.has(errorIn(posted.body))
  return { ...posted, outcome: isFinal ? 'rejected' : 'refused' }
}
