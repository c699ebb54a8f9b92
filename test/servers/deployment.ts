/**
 * For tests: a production instance as processes of their own, in each shape that is served. Made by `sallyport init`; its
 * clients and its person come by the admin API and SCIM, from the credential that `init` printed.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import type { PolicyStatus } from '../../src/policy-engine/status.ts'
import { type BundleDesk, committedBundle, KEY_ID, openBundleDesk } from './bundle-desk.ts'
import type { Certificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { type ProvisionedPopulation, provision } from './provision.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts'
import { type Sallyport, startSallyport } from './sallyport.ts'

export const SHAPES = ['one-process', 'redis', 'split'] as const
/** One process on SQLite, one on Redis, or `serve auth` beside `serve policy` on Redis. */
export type Shape = (typeof SHAPES)[number]

/** Switches the endpoints of streams on, for the population's receiver. */
export const TEST_STREAM_SETTINGS = {
  security_events: { streams: [{ name: 'test', client_id: 'receiver' }], manage_streams: true },
}

export interface DeploymentOptions {
  readonly redirectUris?: readonly string[]
  /** Unsigned; the committed one by default. */
  readonly bundle?: BundleFiles
  /** Over the settings of the shape, section by section. */
  readonly settings?: Readonly<Record<string, object | string>>
  readonly redis?: Pick<RedisServerOptions, 'appendOnly' | 'tls' | 'clientCertificates'>
  /** Both services over TLS. Whoever asks them must trust the CA: `trustAuthority`. */
  readonly tls?: Certificates
  /** Of the issuer, where somebody must know it beforehand. */
  readonly port?: number
}

export interface Deployment {
  readonly shape: Shape
  readonly folder: string
  readonly configFile: string
  readonly issuer: string
  /** Address of the policy API. */
  readonly policy: string
  /** Bearer token of the policy API, where it asks for one. */
  readonly policyToken: string | undefined
  readonly population: ProvisionedPopulation
  readonly bundle: BundleDesk
  readonly redis: RedisServer | undefined
  /** Of the process that serves OAuth, and of the one that serves the policy API; the same one unless split. */
  readonly auth: Sallyport
  readonly policyService: Sallyport
  /** Runs `sallyport` with this instance's configuration; ended with it. */
  run(...words: string[]): Sallyport
  /** Asks the policy API, with its bearer token where one is needed. */
  askPolicy(path: string, init?: RequestInit): Promise<Response>
  /** `/v1/status`. */
  status(): Promise<PolicyStatus>
  /** Every event so far of the decision logs of all threads and processes. */
  decisions(): Record<string, unknown>[]
  audits(): Record<string, unknown>[]
  stop(): Promise<void>
}

interface Place {
  readonly folder: string
  readonly ports: { readonly auth: number; readonly policy: number }
  readonly desk: BundleDesk
  readonly redis: RedisServer | undefined
  readonly tls: Certificates | undefined
}

export async function deploy(shape: Shape, options: DeploymentOptions = {}): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-deployment-'))
  const running: Sallyport[] = []
  const redis = shape === 'one-process' ? undefined : await startRedis(options.redis)
  const stop = async () => {
    await Promise.all(running.map((process) => process.stop()))
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const place = {
      folder,
      ports: { auth: options.port ?? (await freePort()), policy: await freePort() },
      desk: openBundleDesk(folder),
      redis,
      tls: options.tls,
    }
    const configFile = join(folder, 'sallyport.yaml')
    writeSecrets(place, shape)
    writeFileSync(configFile, stringify(merged(settingsOf(place, shape), options.settings)), { mode: 0o600 })
    await place.desk.publish(options.bundle ?? (await committedBundle()))
    const run = (...words: string[]) => {
      const process = startSallyport([...words, '--config', configFile], { cwd: folder })
      running.push(process)
      return process
    }
    const setup = await initialise(run)
    const policyService = run('serve', ...(shape === 'split' ? ['policy'] : []))
    await policyService.says(/ready in \d+ ms/)
    const auth = shape === 'split' ? run('serve', 'auth') : policyService
    await auth.says(/ready in \d+ ms/)
    const scheme = options.tls ? 'https' : 'http'
    const issuer = `${scheme}://localhost:${place.ports.auth}`
    const policy = `${scheme}://127.0.0.1:${place.ports.policy}`
    const policyToken = shape === 'split' ? readFileSync(join(folder, 'policy-token'), 'utf8') : undefined
    const askPolicy = (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      if (policyToken !== undefined) headers.set('authorization', `Bearer ${policyToken}`)
      return fetch(`${policy}${path}`, { ...init, headers })
    }
    return {
      shape,
      folder,
      configFile,
      issuer,
      policy,
      policyToken,
      population: await provision(issuer, setup, options.redirectUris ?? []),
      bundle: place.desk,
      redis,
      auth,
      policyService,
      run,
      askPolicy,
      status: async () => {
        const { result }: { result: PolicyStatus } = JSON.parse(await (await askPolicy('/v1/status')).text())
        return result
      },
      decisions: () => eventsIn(join(folder, 'log'), /^decisions-.*\.jsonl$/),
      audits: () => eventsIn(join(folder, 'log'), /^audit\.jsonl$/),
      stop,
    }
  } catch (cause) {
    const said = running.map((process) => process.said).join('\n')
    await stop()
    throw new Error(`the ${shape} shape does not start:\n${said}`, { cause })
  }
}

function writeSecrets({ folder, redis }: Place, shape: Shape): void {
  const write = (name: string, secret: string) => writeFileSync(join(folder, name), secret, { mode: 0o600 })
  write('kek', randomBytes(32).toString('base64'))
  if (shape === 'split') write('policy-token', randomBytes(32).toString('base64url'))
  if (redis?.credentials) write('redis-password', redis.credentials.password)
}

function settingsOf({ folder, ports, desk, redis, tls }: Place, shape: Shape): Record<string, object | string> {
  const file = (name: string) => join(folder, name)
  const scheme = tls ? 'https' : 'http'
  const overTls = tls && { tls: { cert_file: tls.certFile, key_file: tls.keyFile } }
  const split = {
    url: `${scheme}://127.0.0.1:${ports.policy}`,
    token_file: file('policy-token'),
    credentials: [{ identity: 'auth', token_file: file('policy-token') }],
    ...(tls && { client_tls: { ca_file: tls.caFile } }),
  }
  return {
    issuer: `${scheme}://localhost:${ports.auth}`,
    kek_file: file('kek'),
    auth: { port: ports.auth, ...overTls },
    policy: {
      port: ports.policy,
      bundle: {
        path: desk.path,
        keys: [{ id: KEY_ID, key_file: desk.publicKeyFile, algorithm: 'ES256' }],
        minimum_version: 1,
      },
      ...(shape === 'split' && split),
      ...overTls,
    },
    store: redis
      ? {
          kind: 'redis',
          redis: {
            nodes: [redis.node],
            ...(redis.tls && { tls: true, ca_file: redis.tls.caFile }),
            ...(redis.tls && { cert_file: redis.tls.certFile, key_file: redis.tls.keyFile }),
            ...(redis.credentials && {
              username: redis.credentials.username,
              password_file: file('redis-password'),
            }),
          },
        }
      : { kind: 'sqlite', path: file('store.sqlite') },
    log: { directory: file('log') },
  }
}

function merged(
  settings: Readonly<Record<string, object | string>>,
  over: Readonly<Record<string, object | string>> = {},
): Record<string, object | string> {
  const both: Record<string, object | string> = { ...settings }
  for (const [key, value] of Object.entries(over)) {
    const under = both[key]
    both[key] = typeof under === 'object' && typeof value === 'object' ? { ...under, ...value } : value
  }
  return both
}

/** The credential that works once. */
async function initialise(run: (...words: string[]) => Sallyport): Promise<string> {
  const init = run('init')
  if ((await init.ended) !== 0) throw new Error(init.said)
  return /^[A-Za-z0-9_-]{43}$/m.exec(init.said)?.[0] ?? ''
}

function eventsIn(folder: string, name: RegExp): Record<string, unknown>[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line))
}
