/** For tests: an endpoint's surroundings, with a real store, a clock that is set, and policy answers written by the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent } from '../../audit/events.ts'
import { EgressError } from '../../egress/egress.ts'
import type { ReadJson } from '../../egress/json-document.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { originAt } from '../../http/origin.ts'
import { parseParams } from '../../http/params.ts'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionInput, DecisionName, DecisionResult } from '../../policy-engine/contract/index.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import { CONTRACT } from '../../policy-engine/validate.ts'
import type { Store } from '../../storage/port.ts'
import { plainClient, plainUser } from '../../storage/record-fixture.ts'
import type { ClientRecord, UserRecord } from '../../storage/records.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { type Offered, offeredWith } from '../client/metadata/offered.ts'
import type { AssessRisk } from '../threat/risk.ts'
import { testThreats } from '../threat/threat-fixture.ts'
import type { AccessTokenClaims } from '../token/access-token.ts'
import { NOTHING_PROVED, type ProveSender } from '../token/sender.ts'
import { createGate } from '../user/password/gate.ts'
import { createPasswordHasher, type PasswordHasher } from '../user/password/hasher.ts'
import { type PasswordRules, passwordRules } from '../user/password/rules.ts'
import { type DeviceBinding, deviceBinding } from './binding/device-binding.ts'
import { sessionContinuation } from './continue-session.ts'
import { beginSession, type ContinueSession, type SignedIn, type Started, startSession } from './session.ts'
import type { EnrolledFactors } from './subject-stage.ts'

export const ISSUER = 'https://id.example'
export const TENANT = 'default'
/** Seconds. */
export const OPENED_AT = Date.UTC(2026, 5, 1, 12) / 1000

export type Answers = { [N in DecisionName]?: (input: DecisionInput<N>) => DecisionResult<N> }

export interface Asked {
  readonly name: DecisionName
  readonly input: unknown
}

export interface RequestParts {
  readonly method?: string
  readonly path?: string
  readonly route?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
  readonly address?: string
}

export interface Surroundings {
  readonly store: Store
  readonly issuer: string
  readonly clock: { nowMs(): number; set(ms: number): void }
  readonly decide: Decide
  /** Replaced by a test that wants other answers; a missing one is unavailable. */
  answers: Answers
  readonly asked: Asked[]
  readonly audit: (event: AuditEvent) => Promise<void>
  readonly events: AuditEvent[]
  readonly passwords: PasswordHasher
  readonly passwordRules: PasswordRules
  readonly offered: () => Offered
  /** What addresses that clients name answer; any other cannot be reached. */
  readonly documents: Map<string, unknown>
  readonly readJson: ReadJson
  readonly logoutsWait: () => void
  readonly binding: DeviceBinding
  readonly assessRisk: AssessRisk
  readonly enrolled: EnrolledFactors
  readonly continueSession: ContinueSession
  readonly verifyAccessToken: (token: string) => Promise<AccessTokenClaims | undefined>
  readonly proveSender: ProveSender
  readonly sealSecret: (tenant: string, clientId: string, secret: string) => string
  request(parts?: RequestParts): HttpRequest
  /** A live token of the client for itself; the text is the jti. */
  grantToken(client: ClientRecord, scopes: readonly string[]): Promise<string>
  /** So long after it was opened. */
  later(seconds: number): void
  /** As it was opened: its time, and nothing asked or told. */
  clear(): void
  close(): Promise<void>
}

export const clientRecord = (of: Partial<ClientRecord> = {}): ClientRecord =>
  plainClient({
    clientId: 'client-1',
    name: 'Photo Prints',
    redirectUris: ['https://app.example/cb'],
    grantTypes: ['authorization_code'],
    scopes: ['openid', 'profile'],
    ...of,
  })

export const userRecord = (of: Partial<UserRecord> = {}): UserRecord =>
  plainUser({ sub: 'sub-1', userName: 'ada@example.com', ...of })

type Continued = Extract<DecisionResult<'session'>, { allow: true }>
export type Next = Continued['obligations']['next']

/** What `session` answers where a session is used. */
export const continued = (next: Next, revokeGrants: 'all' | 'none' = 'all'): Continued => ({
  allow: true,
  reasons: [],
  obligations: { confirmation: 'none', revoke_grants: revokeGrants, next, proof_seconds: 600 },
})

/** As a sign-in does it, but for a session of somebody else in this browser: that one stays. */
export async function startedSession(
  deps: Parameters<typeof startSession>[0],
  request: HttpRequest,
  signedIn: SignedIn,
): Promise<Started> {
  return startSession(deps, request, signedIn, await beginSession(deps, request, signedIn.user.sub))
}

/** The cookie that an answer sets under `name`, as the browser would send it back. */
export function cookieOf(reply: Reply, name: string): string | undefined {
  const set = reply.headers?.['set-cookie']
  const all = set === undefined ? [] : typeof set === 'string' ? [set] : set
  return all
    .find((text) => text.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .split(';')[0]
}

export async function openSurroundings(answers: Answers = {}): Promise<Surroundings> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-endpoint-'))
  let nowMs = OPENED_AT * 1000
  const clock = {
    nowMs: () => nowMs,
    set(ms: number) {
      nowMs = ms
    },
  }
  const store = await openSqliteStore({ path: join(folder, 'store.db'), clock })
  const asked: Asked[] = []
  const events: AuditEvent[] = []
  const documents = new Map<string, unknown>()
  const tokens = new Map<string, AccessTokenClaims>()

  const decide: Decide = async <N extends DecisionName>(name: N, input: DecisionInput<N>): Promise<Verdict<N>> => {
    if (!CONTRACT[name].isInput(input)) throw new PolicyUnavailable('wrong_input', name)
    asked.push({ name, input })
    const answer = surroundings.answers[name]
    if (!answer) throw new PolicyUnavailable('no_bundle', name)
    return { ...answer(input), decisionId: `d-${asked.length}`, revision: 'r1' }
  }

  const surroundings: Surroundings = {
    store,
    issuer: ISSUER,
    clock,
    decide,
    answers,
    asked,
    audit: async (event) => void events.push(event),
    events,
    passwords: createPasswordHasher(createGate({ concurrent: 2, waiting: 100 })),
    passwordRules: passwordRules({ words: ['sallyport'] }),
    offered: () => offeredWith(['ES256']),
    documents,
    readJson: async (url) => {
      if (!documents.has(url)) throw new EgressError('unreachable', new URL(url).origin)
      return documents.get(url)
    },
    logoutsWait: () => undefined,
    binding: deviceBinding({ issuer: ISSUER, derive: (purpose) => Buffer.from(digestOf(purpose)).subarray(0, 32) }),
    assessRisk: testThreats({ store, clock }).assessRisk,
    enrolled: async (_tenant, { passwordHash }) => (passwordHash === undefined ? [] : ['password']),
    continueSession: (...used) => sessionContinuation(surroundings)(...used),
    verifyAccessToken: async (token) => tokens.get(token),
    proveSender: async () => NOTHING_PROVED,
    sealSecret: (_tenant, _clientId, secret) => `sealed ${secret}`,
    request: (parts = {}) => ({
      id: 'request-1',
      method: parts.method ?? 'GET',
      path: parts.path ?? '/',
      route: parts.route ?? {},
      query: parseParams(new URLSearchParams(parts.query).toString()),
      form: parseParams(new URLSearchParams(parts.form).toString()),
      json: parts.json,
      headers: parts.headers ?? {},
      cookies: parts.cookies ?? {},
      origin: originAt(parts.address ?? '203.0.113.7', clock),
      tenant: TENANT,
    }),
    async grantToken(client, scopes) {
      const jti = `header.${tokens.size}.signature`
      const now = Math.floor(nowMs / 1000)
      const token = {
        jti,
        clientId: client.clientId,
        scopes,
        audience: ['urn:sallyport:platform'],
        issuedAt: now,
        expiresAt: now + 300,
      }
      tokens.set(jti, token)
      await store.accessTokens.put(TENANT, { v: 1, ...token, clientEpoch: client.revocationEpoch, revoked: false })
      return jti
    },
    later: (seconds) => clock.set((OPENED_AT + seconds) * 1000),
    clear() {
      nowMs = OPENED_AT * 1000
      asked.length = 0
      events.length = 0
    },
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
  return surroundings
}
