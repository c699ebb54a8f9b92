/** For tests: an auth service with receivers of security events, and what they make of what they are sent. */
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose'
import type { SignalOptions } from '../../src/auth/signals/service.ts'
import { randomSecret } from '../../src/kernel/ids.ts'
import type { ClientRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService, type TestServiceOptions } from '../servers/auth-service.ts'
import type { Certificates } from '../servers/certificates.ts'
import { clientRecord, TENANT, type TestClient } from '../servers/population.ts'
import { answerOf } from './requests.ts'

export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type'

/** Quick to try again, and to see what another node brought. */
export const QUICK = { idleMs: 100, backOffMs: 20, maxBackOffMs: 200, longPollMs: 5_000 } as const

export const startWithReceivers = (
  { caFile }: Pick<Certificates, 'caFile'>,
  signals: SignalOptions,
  more: TestServiceOptions = {},
): Promise<TestService> =>
  startAuthService({
    ...more,
    service: {
      clientsReach: { allow: ['localhost'], unlisted: 'none', ca: readFileSync(caFile, 'utf8') },
      ...more.service,
      signals: { ...QUICK, ...signals },
    },
  })

/** A client that may read and manage its streams. */
export async function addReceiver(
  { store }: Pick<TestService, 'store'>,
  id: string,
  parts: Partial<ClientRecord> = {},
): Promise<TestClient> {
  const secret = randomSecret()
  const record = clientRecord(id, secret, {
    grantTypes: ['client_credentials'],
    scopes: ['ssf.read', 'ssf.manage'],
    audience: ['urn:sallyport:platform'],
    ...parts,
  })
  const written = await store.clients.create(TENANT, record)
  if (written !== 'written') throw new Error(`client ${id}: ${written}`)
  return { id, secret }
}

export const callWith = (issuer: string, token: string) => async (method: string, path: string, json?: object) =>
  answerOf(
    await fetch(`${issuer}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(json && { 'content-type': 'application/json' }) },
      ...(json && { body: JSON.stringify(json) }),
    }),
  )

export interface VerifiedSet {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: JWTPayload & { readonly events: Readonly<Record<string, Record<string, unknown>>> }
  /** Its one event type, without the part that all have. */
  readonly type: string
  readonly event: Readonly<Record<string, unknown>>
}

/** As a receiver does it: jose, by the keys at the jwks_uri. */
export async function verifySet(issuer: string, token: string, audience: string): Promise<VerifiedSet> {
  const jwks = createLocalJWKSet(Object(await (await fetch(`${issuer}/oauth/jwks`)).json()))
  const { payload, protectedHeader } = await jwtVerify(token, jwks, { issuer, audience, typ: 'secevent+jwt' })
  const claims = payload as VerifiedSet['claims']
  const entries = Object.entries(claims.events)
  const [[uri, event]] = entries as [[string, Record<string, unknown>]]
  if (entries.length !== 1) throw new Error('a token of several events')
  return { header: { ...protectedHeader }, claims, type: uri.split('/').at(-1) ?? '', event }
}
