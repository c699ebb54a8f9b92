/** For tests: streams of security events to several clients of one person, and what each is told. RFC 8935, RFC 8936. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Answer } from './requests.ts'
import { addReceiver, callWith, startWithReceivers, type VerifiedSet, verifySet } from './security-events.ts'
import { signIn } from './signed-in.ts'

const OF_PEOPLE = {
  redirectUris: ['http://127.0.0.1:9/callback'],
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  scopes: ['openid', 'profile', 'email', 'offline_access', 'ssf.read', 'ssf.manage'],
  audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
  firstParty: true,
} as const

export interface Streams {
  readonly service: TestService
  readonly certificates: Certificates
  readonly sink: EventSink
  /** Polls; its people are pairwise. */
  readonly shop: TestClient
  /** Is pushed to; another sector. */
  readonly crm: TestClient
  /** A third party: it hears of its people, and not why. */
  readonly guest: TestClient
  /** Has nothing to do with anybody, and hears of everyone. */
  readonly monitor: TestClient
  readonly stranger: TestClient
  /** Asks as this client or administrator. */
  as(client: TestClient): ReturnType<typeof callWith>
  /** Nothing is left to tell. */
  clear(): Promise<void>
  /** All events have found their receivers. */
  settled(): Promise<void>
  poll(client: TestClient, json?: object): Promise<Answer>
  polled(client: TestClient): Promise<VerifiedSet[]>
  pushed(count: number): Promise<VerifiedSet[]>
  signInAt(client: TestClient, browser?: Browser, scope?: string): Promise<Answer['body']>
  signOut(browser: Browser, tokens: Answer['body']): Promise<void>
  /** One event about a person of this client. */
  endOne(client: TestClient): Promise<void>
  close(): Promise<void>
}

export const setsOf = ({ body }: Answer): Readonly<Record<string, string>> => Object(body.sets)

export async function startStreams(): Promise<Streams> {
  const folder = mkdtempSync(join(tmpdir(), 'streams-'))
  const certificates = await makeCertificates(folder)
  const sink = await startEventSink(certificates, 202)
  const poll = { method: 'poll' } as const
  const push = { method: 'push', url: new URL(sink.url), authorization: async () => 'Bearer let-me-in' } as const
  const service = await startWithReceivers(certificates, {
    receivers: [
      { kind: 'stream', name: 'shop', clientId: 'shop', delivery: poll, description: 'the shop' },
      { kind: 'stream', name: 'crm', clientId: 'crm', delivery: push },
      { kind: 'stream', name: 'guest', clientId: 'guest', delivery: poll },
      { kind: 'stream', name: 'monitor', clientId: 'monitor', delivery: poll, events: ['session_revoked'] },
      { kind: 'stream', name: 'stranger', clientId: 'stranger', delivery: poll },
    ],
  })
  const sector = (host: string) => ({ metadata: { subject_type: 'pairwise' as const }, sectorIdentifier: host })
  const clients = {
    shop: await addReceiver(service, 'shop', { ...OF_PEOPLE, ...sector('shop.example') }),
    crm: await addReceiver(service, 'crm', { ...OF_PEOPLE, ...sector('crm.example') }),
    guest: await addReceiver(service, 'guest', { ...OF_PEOPLE, firstParty: false }),
    monitor: await addReceiver(service, 'monitor', { roles: ['signal_receiver'] }),
    stranger: await addReceiver(service, 'stranger'),
  }
  const tokens = new Map<string, string>()
  for (const client of Object.values(clients))
    tokens.set(client.id, await clientToken(service.issuer, client, 'ssf.read ssf.manage'))
  const { admin } = service.population
  tokens.set(admin.id, await clientToken(service.issuer, admin, 'scim admin'))

  const as = (client: TestClient) => callWith(service.issuer, tokens.get(client.id) ?? '')
  const settled = () =>
    until(async () => (await service.store.outbox.waiting(TENANT, 'events')) === 0, 'receivers are found')
  const ask = (client: TestClient, json: object = { returnImmediately: true }) =>
    as(client)('POST', `/ssf/poll/${client.id}`, json)
  const signInAt = (client: TestClient, browser = new Browser(service.issuer), scope = 'openid email') =>
    signIn(service, browser, client, scope)
  const signOut = async (browser: Browser, { id_token: hint }: Answer['body']) => {
    await browser.visit(`${service.issuer}/oauth/logout?id_token_hint=${hint}`)
  }
  return {
    ...clients,
    service,
    certificates,
    sink,
    as,
    clear: async () => {
      await settled()
      sink.kept.length = 0
      sink.feel(202)
      for (const { id } of Object.values(clients)) await service.store.outbox.clear(TENANT, `stream:${id}`)
    },
    settled,
    poll: ask,
    polled: async (client) => {
      await settled()
      const sets = setsOf(await ask(client))
      return Promise.all(Object.values(sets).map((set) => verifySet(service.issuer, set, client.id)))
    },
    pushed: async (count) => {
      await until(async () => sink.kept.length >= count, `${count} pushed`)
      return Promise.all(sink.kept.map(({ body }) => verifySet(service.issuer, body, clients.crm.id)))
    },
    signInAt,
    signOut,
    endOne: async (client) => {
      const browser = new Browser(service.issuer)
      await signOut(browser, await signInAt(client, browser))
    },
    close: async () => {
      await service.close()
      await sink.shut()
      rmSync(folder, { recursive: true })
    },
  }
}
