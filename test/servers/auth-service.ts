/**
 * For tests: the auth service with its real parts, in this process: SQLite file, the committed bundle on the deciding
 * node, decision log on disk. Time can be moved, and policy taken away.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AuditEvent } from '../../src/audit/events.ts'
import { firstKeys } from '../../src/auth/keys/keeper.ts'
import { DEFAULT_KEY_RULES } from '../../src/auth/keys/rules.ts'
import { type AuthService, type AuthServiceOptions, createAuthService } from '../../src/auth/service.ts'
import { CHECK_RECORD } from '../../src/auth/token/root-secret.ts'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { openEnvelope } from '../../src/kernel/envelope.ts'
import { createLogger, type Logger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { type BundleKey, signBundle } from '../../src/policy-engine/bundle/signature.ts'
import type { Decide } from '../../src/policy-engine/decide.ts'
import { openDecisionLog } from '../../src/policy-engine/decision-log/log.ts'
import type { VerifiedBundle } from '../../src/policy-engine/engine.ts'
import { createNode, type PolicyNode } from '../../src/policy-engine/node/node.ts'
import { REQUIRED_ENTRYPOINTS } from '../../src/policy-engine/validate.ts'
import type { Store } from '../../src/storage/port.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { freePort } from './free-port.ts'
import { type Population, populate } from './population.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const SIGNER = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
const KEYS: readonly BundleKey[] = [
  { id: 'test', algorithm: 'ES256', key: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
]

/** The committed bundle, or another unsigned one, signed by a key of this run. */
export async function signedBundle(path = resolve('bundles/sallyport.tar.gz'), version = 1): Promise<VerifiedBundle> {
  return signedFiles(await readArchive(readFileSync(path)), version)
}

export async function signedFiles(unsigned: BundleFiles, version: number): Promise<VerifiedBundle> {
  const files = new Map(unsigned)
  const signatures = signBundle(files, { privateKey: SIGNER, keyId: 'test', version })
  files.set('.signatures.json', Buffer.from(signatures))
  return loadBundle(await writeArchive(files), {
    name: 'sallyport',
    keys: KEYS,
    requiredEntrypoints: REQUIRED_ENTRYPOINTS,
  })
}

/** Switches the endpoints of streams on, for the population's receiver. */
export const TEST_STREAM = {
  receivers: [{ kind: 'stream', name: 'test', clientId: 'receiver', delivery: { method: 'poll' } }],
  managed: true,
} as const satisfies AuthServiceOptions['signals']

export interface TestService {
  readonly issuer: string
  readonly service: AuthService
  readonly store: Store
  readonly node: PolicyNode
  readonly audits: AuditEvent[]
  readonly population: Population
  /** Seconds to move the service's clock on. */
  advance(seconds: number): void
  /** Decision log events so far. */
  decisions(): Record<string, unknown>[]
  close(): Promise<void>
}

export interface TestServiceOptions {
  readonly bundle?: VerifiedBundle
  readonly store?: (path: string, clock: { nowMs(): number }) => Promise<Store>
  /** Around the node's own decide. */
  readonly decide?: (real: Decide) => Decide
  readonly logger?: Logger
  /** Where others must know the address beforehand. */
  readonly port?: number
  readonly service?: Partial<AuthServiceOptions>
  /** Sees the server before it listens, to add hooks. */
  readonly onServer?: (server: AuthService['server']) => void
}

export async function startAuthService(options: TestServiceOptions = {}): Promise<TestService> {
  const folder = mkdtempSync(join(tmpdir(), 'auth-service-'))
  let offsetMs = 0
  const clock = { nowMs: () => Date.now() + offsetMs }
  const port = options.port ?? (await freePort())
  const issuer = `${options.service?.tls ? 'https' : 'http'}://localhost:${port}`
  const store = await (options.store ?? ((path) => openSqliteStore({ path, clock })))(join(folder, 'store.db'), clock)
  const envelope = openEnvelope(randomBytes(32))
  const rules = options.service?.keys ?? DEFAULT_KEY_RULES
  const signingKeys = await firstKeys(envelope, rules, Math.floor(clock.nowMs() / 1000))
  const checkRecord = envelope.seal(CHECK_RECORD, randomBytes(32))
  await store.platform.initialise({ checkRecord, signingKeys })
  const metrics = createMetrics('test')
  const log = openDecisionLog({ directory: folder, labels: { id: 'test', version: '0', node: 'test' }, metrics })
  const node = createNode({ name: 'test', log, metrics, clock })
  await node.activate([options.bundle ?? (await signedBundle())])
  const audits: AuditEvent[] = []
  const passwords = createPasswordHasher()
  const population = await populate(store, passwords)
  const service = await createAuthService({
    issuer,
    store,
    decide: options.decide ? options.decide(node.decide) : node.decide,
    audit: async (event) => void audits.push(event),
    envelope,
    logger: options.logger ?? createLogger({ level: 'silent' }),
    clock,
    metrics,
    passwords,
    policyReady: () => node.active !== undefined,
    mail: { from: { name: 'Test', address: 'no-reply@example.com' }, directory: join(folder, 'mail') },
    ...options.service,
  })
  options.onServer?.(service.server)
  await service.server.listen({ port, host: '127.0.0.1' })
  return {
    issuer,
    service,
    store,
    node,
    audits,
    population,
    advance: (seconds) => {
      offsetMs += seconds * 1000
    },
    decisions: () =>
      readFileSync(join(folder, 'decisions-test.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Record<string, unknown> => JSON.parse(line)),
    close: async () => {
      await service.close()
      await node.close()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
