/** Who asks at an endpoint of streams, for which stream, and what policy says of it. SSF 1.0 8.1; scopes `ssf.read`, `ssf.manage`. */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError, Problem } from '../../../kernel/errors.ts'
import { type Decide, publicCode } from '../../../policy-engine/decide.ts'
import type { OutboxStore } from '../../../storage/outbox-port.ts'
import type { Store } from '../../../storage/port.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import type { StreamRecord } from '../../../storage/streams-port.ts'
import { clientFacts } from '../../client/client-facts.ts'
import { actorFacts } from '../../session/actor-facts.ts'
import type { Bearer, BearerDeps } from '../../token/bearer.ts'
import { receiverFacts, type SignalInput } from '../ask-signal.ts'
import { queueOf, type StreamReceiver } from '../receivers.ts'
import type { Signals } from '../service.ts'

export type StreamDeps = BearerDeps & {
  readonly issuer: string
  readonly decide: Decide
  readonly store: {
    readonly clients: Pick<Store['clients'], 'find'>
    readonly outbox: Pick<
      OutboxStore,
      'status' | 'setStatus' | 'clear' | 'add' | 'putOff' | 'peek' | 'remove' | 'hasten' | 'forget'
    >
  }
  readonly signals: Signals
}

type Action = Exclude<SignalInput['action'], 'send'>

/** Throws OAuthError where policy denies. */
export async function decideStream(
  deps: Pick<StreamDeps, 'decide'>,
  bearer: Bearer,
  request: HttpRequest,
  asked: {
    readonly action: Action
    readonly id: string
    readonly client: ClientRecord | undefined
    readonly stream?: SignalInput['stream'] | undefined
  },
): Promise<string> {
  const verdict = await deps.decide(
    'signal',
    {
      tenant: bearer.tenant,
      action: asked.action,
      receiver: receiverFacts({ kind: 'stream', name: asked.id }),
      ...(asked.client && { client: clientFacts(asked.client, 'none') }),
      ...(asked.stream && { stream: asked.stream }),
      actor: actorFacts(bearer),
      relation: 'none',
      scopes: [],
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('signal', verdict, 'insufficient_scope'))
  return verdict.decisionId
}

export interface FoundStream {
  readonly stream: StreamReceiver
  readonly queue: string
  readonly client: ClientRecord
  readonly decisionId: string
}

/** Throws where the configuration made it: there it is changed, whatever policy says. */
export function requireStored({ stored }: StreamReceiver): StreamRecord {
  if (stored === undefined)
    throw new Problem('forbidden', { detail: 'The configuration of the service makes this stream.' })
  return stored
}

export const noStream = () => new Problem('not_found', { detail: 'There is no stream of this id.' })

/** As stored, before policy has said anything of it. SSF 1.0 8.1.1.2: 404 where there is no such stream. */
export async function lookUpStream(
  { signals, store }: Pick<StreamDeps, 'signals' | 'store'>,
  tenant: string,
  id: string,
): Promise<Pick<FoundStream, 'stream' | 'client'>> {
  const stream = signals.streams.find(({ name }) => name === id) ?? (await signals.stored.find(tenant, id))
  const client = stream && (await store.clients.find(tenant, stream.clientId))
  if (stream === undefined || client === undefined) throw noStream()
  return { stream, client }
}

export async function findStream(
  deps: StreamDeps,
  bearer: Bearer,
  request: HttpRequest,
  { action, id }: { readonly action: Action; readonly id: string },
): Promise<FoundStream> {
  const { stream, client } = await lookUpStream(deps, bearer.tenant, id)
  const decisionId = await decideStream(deps, bearer, request, { action, id, client })
  return { stream, queue: queueOf(stream), client, decisionId }
}

export const malformed = (detail: string) => new OAuthError('invalid_request', { detail })

/** The members of a JSON body; an absent body has none. */
export function membersOf({ json }: HttpRequest): Readonly<Record<string, unknown>> {
  if (json === undefined) return {}
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed('The body is no JSON object.')
  return { ...json }
}

export function streamIdIn(members: Readonly<Record<string, unknown>>): string {
  const { stream_id: id } = members
  if (typeof id !== 'string' || id === '') throw malformed('stream_id names no stream.')
  return id
}

/** A text of at most `most` characters; undefined where it is not there. */
export function textIn(members: Readonly<Record<string, unknown>>, name: string, most: number): string | undefined {
  const value = members[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > most)
    throw malformed(`${name} is no text of ${most} characters at most.`)
  return value
}
