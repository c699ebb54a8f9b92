/** For tests: a service whose clients make their streams by themselves, the client that does, and where events are pushed to. SSF 1.0 8.1.1. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ClientRecord } from '../../src/storage/records.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Answer } from './requests.ts'
import { addReceiver, CAEP, callWith, startWithReceivers, type VerifiedSet, verifySet } from './security-events.ts'
import { signIn } from './signed-in.ts'

export const PUSH = 'urn:ietf:rfc:8935'
export const POLL = 'urn:ietf:rfc:8936'
export const ALL = ['session-revoked', 'credential-change', 'token-claims-change', 'assurance-level-change'].map(
  (type) => `${CAEP}/${type}`,
)

/** Of a client that people sign in to. */
export const OF_PEOPLE = {
  redirectUris: [REDIRECT_URI],
  grantTypes: ['authorization_code', 'client_credentials'],
  scopes: ['openid', 'ssf.read', 'ssf.manage'],
  audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
  firstParty: true,
} as const

/** All that can be asked about a stream. */
export const endpoints = (id: string): [string, string, object?][] => [
  ['GET', `/ssf/streams?stream_id=${id}`],
  ['PATCH', '/ssf/streams', { stream_id: id, description: 'x' }],
  ['PUT', '/ssf/streams', { stream_id: id }],
  ['GET', `/ssf/status?stream_id=${id}`],
  ['POST', '/ssf/status', { stream_id: id, status: 'disabled' }],
  ['POST', '/ssf/verify', { stream_id: id }],
  ['POST', `/ssf/poll/${id}`, { returnImmediately: true }],
  ['DELETE', `/ssf/streams?stream_id=${id}`],
]

export interface ManagedStreams {
  readonly service: TestService
  readonly certificates: Certificates
  readonly sink: EventSink
  /** Makes streams; people sign in to it. It has one of the configuration, `fixed`, too. */
  readonly shop: TestClient
  readonly other: TestClient
  /** A further client that may make streams. */
  add(id: string, parts?: Partial<ClientRecord>): Promise<TestClient>
  token(client: TestClient): string
  /** Asks as this client. */
  as(client: TestClient): ReturnType<typeof callWith>
  /** A stream, as the answer shows it. */
  make(json?: object, client?: TestClient): Promise<Answer['body']>
  read(id: unknown): Promise<Answer['body']>
  /** What is asked for to be pushed to the sink. */
  toSink(more?: object): { readonly delivery: object }
  /** A session of a person at the shop begins and ends: it hears of it. */
  revokeOne(): Promise<void>
  /** All events have found their receivers. */
  settled(): Promise<void>
  polled(id: unknown): Promise<VerifiedSet[]>
  /** No stream is left, and the sink takes all. */
  clear(): Promise<void>
  close(): Promise<void>
}

export async function startManagedStreams(): Promise<ManagedStreams> {
  const folder = mkdtempSync(join(tmpdir(), 'managed-streams-'))
  const certificates = await makeCertificates(folder)
  const sink = await startEventSink(certificates, 202)
  const service = await startWithReceivers(certificates, {
    receivers: [{ kind: 'stream', name: 'fixed', clientId: 'shop', delivery: { method: 'poll' } }],
    managed: true,
  })
  const { issuer, store } = service
  const tokens = new Map<string, string>()
  const add = async (id: string, parts: Partial<ClientRecord> = {}): Promise<TestClient> => {
    const client = await addReceiver(service, id, parts)
    tokens.set(id, await clientToken(issuer, client, 'ssf.read ssf.manage'))
    return client
  }
  const token = ({ id }: TestClient): string => tokens.get(id) ?? ''
  const as = (client: TestClient) => callWith(issuer, token(client))
  const shop = await add('shop', OF_PEOPLE)
  const other = await add('crm')
  const settled = () => until(async () => (await store.outbox.waiting(TENANT, 'events')) === 0, 'receivers are found')
  return {
    service,
    certificates,
    sink,
    shop,
    other,
    add,
    token,
    as,
    make: async (json = {}, client = shop) => {
      const { status, body } = await as(client)('POST', '/ssf/streams', json)
      expect([status, body]).toEqual([201, expect.anything()])
      return body
    },
    read: async (id) => (await as(shop)('GET', `/ssf/streams?stream_id=${id}`)).body,
    toSink: (more = {}) => ({ delivery: { method: PUSH, endpoint_url: sink.url, ...more } }),
    revokeOne: async () => {
      const browser = new Browser(issuer)
      const { id_token: hint } = await signIn(service, browser, shop, 'openid')
      await browser.visit(`${issuer}/oauth/logout?id_token_hint=${hint}`)
    },
    settled,
    polled: async (id) => {
      await settled()
      const { body } = await as(shop)('POST', `/ssf/poll/${id}`, { returnImmediately: true })
      const sets = Object.values<string>(Object(body.sets))
      return Promise.all(sets.map((set) => verifySet(issuer, set, 'shop')))
    },
    clear: async () => {
      for (const { streamId } of await store.streams.list(TENANT)) await store.streams.delete(TENANT, streamId)
      sink.kept.length = 0
      sink.feel(202)
    },
    close: async () => {
      await service.close()
      await sink.shut()
      rmSync(folder, { recursive: true })
    },
  }
}
