/**
 * One sender for each stream that its client made, on every node: begun once the stream is found in the store, ended once it is
 * gone, begun anew where it is delivered in another way. What another node made is found at the next look.
 */
import { pause, type Work } from '../../kernel/work-through.ts'
import { isPolled, queueOf, type StreamReceiver } from './receivers.ts'

export interface KeepSendersDeps {
  readonly list: () => Promise<readonly StreamReceiver[]>
  readonly begin: (receiver: StreamReceiver) => Work
  /** Nothing is to be sent there any more. */
  readonly forget: (queue: string) => Promise<void>
  readonly onFailure: (error: unknown) => void
}

export interface Senders {
  /** Looks now. Rejects where the streams cannot be read. */
  look(): Promise<void>
  wake(stream: StreamReceiver): void
  /** As of the last look. */
  queues(): readonly string[]
  hasClient(clientId: string): boolean
  close(): Promise<void>
}

interface Sender {
  readonly work: Work
  readonly clientId: string
  readonly polled: boolean
}

export function keepSenders(deps: KeepSendersDeps, everyMs: number): Senders {
  const senders = new Map<string, Sender>()
  const ended = new AbortController()
  const ending = new Set<Promise<void>>()
  let clients: ReadonlySet<string> = new Set()
  let last: Promise<void> = Promise.resolve()

  const end = (queue: string, { work }: Sender): void => {
    senders.delete(queue)
    const closing: Promise<void> = work.close().finally(() => ending.delete(closing))
    ending.add(closing)
  }
  const lookOnce = async (): Promise<void> => {
    const streams = new Map((await deps.list()).map((stream) => [queueOf(stream), stream]))
    if (ended.signal.aborted) return
    for (const [queue, sender] of senders) {
      const stream = streams.get(queue)
      if (stream !== undefined && isPolled(stream) === sender.polled) continue
      end(queue, sender)
      if (stream === undefined) await deps.forget(queue)
    }
    for (const [queue, stream] of streams) {
      if (senders.has(queue)) continue
      senders.set(queue, { work: deps.begin(stream), clientId: stream.clientId, polled: isPolled(stream) })
    }
    clients = new Set([...senders.values()].map(({ clientId }) => clientId))
  }
  /** One after the other, so that none begins what another one has just ended. */
  const look = (): Promise<void> => {
    const looked = last.then(lookOnce)
    last = looked.catch(() => {})
    return looked
  }
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await look().catch(deps.onFailure)
      await pause(everyMs, ended.signal)
    }
  }
  const running = run()
  return {
    look,
    wake: (stream) => {
      const sender = senders.get(queueOf(stream))
      if (sender !== undefined) sender.work.wake()
      else void look().catch(deps.onFailure)
    },
    queues: () => [...senders.keys()],
    hasClient: (clientId) => clients.has(clientId),
    close: async () => {
      ended.abort()
      await running
      await last
      for (const [queue, sender] of senders) end(queue, sender)
      await Promise.all(ending)
    },
  }
}
