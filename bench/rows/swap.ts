/**
 * Rows `swap-10mb` and `swap-10mb-wait`: a running instance whose bundle holds 10 MB of data is given another of that size,
 * while its auth service and its policy API decide. One tells the time from the rename to the last deciding thread, the other
 * the longest that anyone waited for an answer meanwhile.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pool } from 'undici'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { fillData } from '../bundle.ts'
import { type Environment, ROOT } from '../environment.ts'
import type { LoadRequest } from '../load/message.ts'
import { type OurInstance, ours } from '../ours/instance.ts'
import { signCommittedBundle } from '../ours/sign-bundle.ts'
import { JWT_RESOURCE } from '../population.ts'
import type { RowDefinition, Sample } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { dataRequest } from './data-api.ts'
import { tokenRequest } from './http.ts'

const DATA_BYTES = 10 * 1024 * 1024
const SWAPS_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 10
/** Enough to meet whatever stands still, too few to make a queue of their own. */
const CALLERS_PER_SERVICE = 2
const ASK_EVERY_MS = 5

interface Swap {
  readonly activationMs: number
  readonly waitsMs: readonly number[]
}

/** Asks until told to stop, one question after the other; answers how long each answer took. */
async function ask(pool: Pool, requests: readonly LoadRequest[], isOver: () => boolean): Promise<number[]> {
  const waits: number[] = []
  for (let at = 0; !isOver(); at++) {
    const one = requests[at % requests.length]
    if (one === undefined) break
    const from = performance.now()
    const answer = await pool.request({ ...one, method: 'POST' })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`${one.path} answered ${answer.statusCode} during a swap`)
    waits.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  return waits
}

async function untilActive(pool: Pool, version: number): Promise<void> {
  const from = performance.now()
  while (performance.now() - from < SWAPS_WITHIN_MS) {
    const answer = await pool.request({ method: 'GET', path: '/v1/status' })
    const { result } = (await answer.body.json()) as { result: { nodes: readonly { version?: number }[] } }
    if (result.nodes.every((node) => node.version === version)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error(`version ${version} was not active within ${SWAPS_WITHIN_MS} ms`)
}

async function measureSwaps(environment: Environment): Promise<Swap[]> {
  const { options, population, stopServers } = environment
  await stopServers()
  const folder = join(environment.folder, `swap-${performance.now()}`)
  const contender = ours({
    root: ROOT,
    folder,
    population,
    profileFolder: options.profileFolder,
    dataBytes: DATA_BYTES,
  })
  const pools: Pool[] = []
  try {
    const { at } = await contender.running()
    const instance = await contender.prepared()
    const [auth, policy] = [at.origin, instance.policyOrigin].map((origin) => {
      const pool = new Pool(origin, { connections: CALLERS_PER_SERVICE + 1 })
      pools.push(pool)
      return pool
    })
    const [client] = population.clients
    if (auth === undefined || policy === undefined || client === undefined) throw new Error('nobody to ask')
    const tokens = [tokenRequest(at, client, population.scope, JWT_RESOURCE)]
    const documents = tokenInputs().map((input) => dataRequest(`/v1/data/${DECISIONS.token.entrypoint}`, { input }))
    const swaps: Swap[] = []
    for (let round = 0; round < options.rounds; round++) {
      const version = round + 2
      const beside = await writeBeside(instance, version)
      let isOver = false
      const asking = Array.from({ length: CALLERS_PER_SERVICE }, () => [
        ask(auth, tokens, () => isOver),
        ask(policy, documents, () => isOver),
      ]).flat()
      const from = performance.now()
      renameSync(beside, instance.bundleFile)
      await untilActive(policy, version)
      const activationMs = performance.now() - from
      isOver = true
      const waitsMs = (await Promise.all(asking)).flat().sort((left, right) => left - right)
      options.progress(`swap ${round}: ${activationMs.toFixed(0)} ms, longest wait ${waitsMs.at(-1)?.toFixed(1)} ms`)
      // The first starts the thread that loads, as the first after a quiet time does; it counts like the others.
      swaps.push({ activationMs, waitsMs })
    }
    return swaps
  } finally {
    await Promise.all(pools.map((pool) => pool.close()))
    await contender.stop()
  }
}

/** Signed and packed before anything is measured. */
async function writeBeside(instance: OurInstance, version: number): Promise<string> {
  const key = readFileSync(instance.signingKeyFile, 'utf8')
  const fill = (files: Map<string, Uint8Array>) => {
    files.set('data.json', fillData(DATA_BYTES + version, files.get('data.json') ?? Buffer.from('{}')))
  }
  const beside = `${instance.bundleFile}.${version}`
  writeFileSync(beside, await signCommittedBundle(ROOT, key, fill, version))
  return beside
}

const quantile = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0

const row = (
  name: string,
  definition: Pick<RowDefinition<Environment>, 'unit' | 'about' | 'figure' | 'target'>,
  value: (swap: Swap) => number,
): RowDefinition<Environment> => ({
  name,
  latencyUnit: 'ms',
  ...definition,
  async measure(environment) {
    const sample = (swap: Swap): Sample => ({
      value: value(swap),
      p50: quantile(swap.waitsMs, 0.5),
      p99: quantile(swap.waitsMs, 0.99),
    })
    return { ours: (await measureSwaps(environment)).map(sample), peer: [] }
  },
})

const LOAD = 'serve with 10 MB of data, 2 callers of /oauth/token and 2 of /v1/data'

export const swap10mb: readonly RowDefinition<Environment>[] = [
  row(
    'swap-10mb',
    {
      unit: 'ms from rename to active',
      about: `${LOAD}: a new bundle of that size renamed over the old, until every thread decides by it`,
      target: { of: 'ours', is: '<=', value: 1000 },
    },
    ({ activationMs }) => activationMs,
  ),
  row(
    'swap-10mb-wait',
    {
      unit: 'ms longest wait',
      about: `${LOAD}: the longest that one of them waited for an answer while a swap went on, of all swaps`,
      figure: 'max',
      target: { of: 'ours', is: '<=', value: 100 },
    },
    ({ waitsMs }) => waitsMs.at(-1) ?? 0,
  ),
]
