/**
 * Our side: a production instance of `sallyport serve` in one process, made by `sallyport init`: store and logs on disk,
 * the committed bundle signed with a key of this run, the population in the store.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { fillData } from '../bundle.ts'
import { type Contender, contender, freePort, HOST, type Prepared } from '../contender.ts'
import { JWT_RESOURCE, type Population } from '../population.ts'
import type { RedisAt } from '../redis.ts'
import { seedRedis, seedSqlite } from '../seed.ts'
import { KEY_ID, makeBundleKey, signCommittedBundle } from './sign-bundle.ts'

export interface OurInstance extends Prepared {
  /** Watched by the server. */
  readonly bundleFile: string
  /** Where its policy API listens. */
  readonly policyOrigin: string
  readonly signingKeyFile: string
  readonly publicKeyFile: string
}

export interface InstanceOptions {
  readonly folder: string
  readonly root: string
  readonly population: Population
  readonly profileFolder: string | undefined
  /** The bundle's base data is filled up to it. */
  readonly dataBytes?: number
  /** The store; without it, a SQLite file. */
  readonly redis?: RedisAt
  /** Further sections. */
  readonly configuration?: Readonly<Record<string, unknown>>
  readonly trustedProxies?: readonly string[]
}

const DATA = 'data.json'

/** Of the first line of src/main.ts. */
const MEMORY_FLAGS = ['--max-semi-space-size=4', '--no-maglev']

export const sqliteFile = (folder: string) => join(folder, 'store.sqlite')

function storeOf({ folder, redis }: InstanceOptions) {
  if (redis === undefined) return { kind: 'sqlite', path: sqliteFile(folder) }
  writeFileSync(join(folder, 'redis-password'), redis.password, { mode: 0o600 })
  const { node, username } = redis
  return { kind: 'redis', redis: { nodes: [node], username, password_file: join(folder, 'redis-password') } }
}

async function prepare(options: InstanceOptions): Promise<OurInstance> {
  const { folder, root, population, profileFolder, dataBytes, trustedProxies } = options
  const [port, policyPort] = [await freePort(), await freePort()]
  const origin = `http://${HOST}:${port}`
  const file = (name: string) => join(folder, name)
  // In a folder of its own, as it is deployed: the watcher of the bundle sees no write to store or log.
  const bundleFile = join(folder, 'bundle/bundle.tar.gz')
  mkdirSync(dirname(bundleFile), { recursive: true })
  const { privateKey, publicKey } = makeBundleKey()
  writeFileSync(file('bundle-key.pem'), privateKey, { mode: 0o600 })
  writeFileSync(file('bundle-key.pub.pem'), publicKey)
  writeFileSync(file('kek'), randomBytes(32).toString('base64'), { mode: 0o600 })
  const fill = (files: Map<string, Uint8Array>) => {
    if (dataBytes !== undefined) files.set(DATA, fillData(dataBytes, files.get(DATA) ?? Buffer.from('{}')))
  }
  writeFileSync(bundleFile, await signCommittedBundle(root, privateKey, fill))
  const configuration = {
    issuer: origin,
    kek_file: file('kek'),
    auth: { host: HOST, port, ...(trustedProxies && { trusted_proxies: trustedProxies }) },
    policy: {
      host: HOST,
      port: policyPort,
      bundle: {
        path: bundleFile,
        keys: [{ id: KEY_ID, key_file: file('bundle-key.pub.pem'), algorithm: 'ES256' }],
        minimum_version: 1,
      },
    },
    store: storeOf(options),
    log: { directory: file('log') },
    ...options.configuration,
  }
  writeFileSync(file('sallyport.yaml'), stringify(configuration))
  const main = join(root, 'src/main.ts')
  execFileSync(process.execPath, [main, 'init', '--config', file('sallyport.yaml')], { cwd: folder, stdio: 'pipe' })
  await (options.redis ? seedRedis(options.redis, population) : seedSqlite(sqliteFile(folder), population))
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  return {
    bundleFile,
    policyOrigin: `http://${HOST}:${policyPort}`,
    signingKeyFile: file('bundle-key.pem'),
    publicKeyFile: file('bundle-key.pub.pem'),
    at: {
      origin,
      authorize: '/oauth/authorize',
      token: '/oauth/token',
      introspect: '/oauth/introspect',
      introspectedResource: JWT_RESOURCE,
    },
    cookies: async () => population.sessions.map((secret) => `sallyport_session=${secret}`),
    start: {
      name: 'sallyport serve',
      args: [...MEMORY_FLAGS, ...profiling, main, 'serve', '--config', file('sallyport.yaml')],
      cwd: folder,
      // As `make run` does it.
      env: { MALLOC_ARENA_MAX: '1', NODE_COMPILE_CACHE: file('compiled') },
      readyUrl: `${origin}/health`,
    },
  }
}

export const ours = (options: InstanceOptions): Contender<OurInstance> => contender(() => prepare(options))
