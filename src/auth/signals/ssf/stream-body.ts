/**
 * What a receiver sends of its stream: what is its own to say (`events_requested`, `delivery`, `description`), and what is ours
 * and may only be repeated. SSF 1.0 8.1.1; delivery by RFC 8935 and RFC 8936 as 6.1 profiles them.
 */
import { isDeepStrictEqual } from 'node:util'
import type { StreamRecord } from '../../../storage/streams-port.ts'
import { MetadataFault } from '../../client/metadata/fault.ts'
import { webAddress } from '../../client/metadata/values.ts'
import type { SignalInput } from '../ask-signal.ts'
import { SIGNAL_TYPES } from '../caep.ts'
import type { Signals } from '../service.ts'
import { typesOf } from '../stored-streams.ts'
import type { ShownStream } from './shown-stream.ts'
import { DELIVERY } from './ssf-configuration.ts'
import { malformed } from './stream-access.ts'

type Members = Readonly<Record<string, unknown>>

export interface PushWanted {
  readonly url: URL
  /** Value of the Authorization header; absent: the receiver sent none. */
  readonly authorization?: string
}

/** What of it is the receiver's. Absent: it said nothing of it. */
export interface Wanted {
  readonly requested?: readonly string[]
  readonly description?: string
  readonly delivery?: PushWanted | 'poll'
}

const MAX_REQUESTED = 64
const MAX_TYPE = 256
const MAX_DESCRIPTION = 256
/** RFC 9110 5.5: visible ASCII, with spaces between. */
const HEADER = /^[!-~](?:[ -~]{0,4094}[!-~])?$/

function requestedIn({ events_requested: value }: Members): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  const isType = (one: unknown): one is string => typeof one === 'string' && one !== '' && one.length <= MAX_TYPE
  if (!Array.isArray(value) || value.length > MAX_REQUESTED || !value.every(isType))
    throw malformed(`events_requested is no array of ${MAX_REQUESTED} event types at most.`)
  return [...new Set(value)]
}

/** 8.1.1: what is longer may be cut. */
function descriptionIn({ description: value }: Members): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw malformed('description is no text.')
  return [...value].slice(0, MAX_DESCRIPTION).join('')
}

const endpoint = webAddress({ loopback: false })

function endpointIn(value: unknown): URL {
  try {
    return new URL(endpoint('delivery.endpoint_url', value))
  } catch (error) {
    if (error instanceof MetadataFault) throw malformed(error.message)
    throw error
  }
}

function deliveryIn({ delivery: value }: Members): PushWanted | 'poll' | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed('delivery is no JSON object.')
  const { method, endpoint_url: url, authorization_header: header }: Members = { ...value }
  // The address is ours to name.
  if (method === DELIVERY.poll) return 'poll'
  if (method !== DELIVERY.push) throw malformed(`delivery.method is neither ${DELIVERY.push} nor ${DELIVERY.poll}.`)
  if (header === undefined || header === null) return { url: endpointIn(url) }
  if (typeof header !== 'string' || !HEADER.test(header))
    throw malformed('delivery.authorization_header is no value of a header.')
  return { url: endpointIn(url), authorization: header }
}

/** Throws OAuthError invalid_request. */
export function wantedIn(members: Members): Wanted {
  const [requested, description, delivery] = [requestedIn(members), descriptionIn(members), deliveryIn(members)]
  return {
    ...(requested !== undefined && { requested }),
    ...(description !== undefined && { description }),
    ...(delivery !== undefined && { delivery }),
  }
}

/** Throws where what is pushed would not be let out to an address that stands there as such. */
export async function checkReach({ reaches }: Pick<Signals, 'reaches'>, { delivery }: Wanted): Promise<void> {
  if (delivery === undefined || delivery === 'poll' || (await reaches(delivery.url))) return
  throw malformed('delivery.endpoint_url is an address that this service does not send to.')
}

const OURS = ['iss', 'aud', 'events_supported', 'events_delivered'] as const
/** What this transmitter sets no value for. */
const UNSET = ['min_verification_interval', 'inactivity_timeout'] as const

/** 8.1.1.3, 8.1.1.4: what is ours may be there, and is then as it was before the change. */
export function checkOurs(members: Members, now: ShownStream): void {
  const differs =
    OURS.find((name) => members[name] !== undefined && !isDeepStrictEqual(members[name], now[name])) ??
    UNSET.find((name) => members[name] !== undefined && members[name] !== null)
  if (differs !== undefined) throw malformed(`${differs} is not what it is here, and is not yours to change.`)
}

/** Of a stream that is made or becomes another, as policy is asked of it. */
export const streamFacts = ({ requested, pushUrl }: StreamRecord): NonNullable<SignalInput['stream']> => ({
  delivery: pushUrl === undefined ? 'poll' : 'push',
  ...(pushUrl !== undefined && { host: new URL(pushUrl).hostname }),
  events: [...(requested === undefined ? SIGNAL_TYPES : typesOf(requested))],
})
