/** What all rows share: both servers, the load client, the population, and the folder of the run, all ended together. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { type LoadDriver, startLoadDriver } from './load/driver.ts'
import { type OurInstance, ours } from './ours/instance.ts'
import { peer } from './peers/peer.ts'
import { makePopulation, type Population } from './population.ts'
import { type BenchRedis, startBenchRedis } from './redis.ts'

export const ROOT = join(import.meta.dirname, '..')

export interface RunOptions {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Measures the peer against itself: the ratio then shows the noise of the machine. */
  readonly againstItself: boolean
  /** Where our server writes CPU profiles; undefined for none. */
  readonly profileFolder: string | undefined
  readonly progress: (line: string) => void
}

export interface Environment {
  readonly options: RunOptions
  readonly population: Population
  readonly folder: string
  readonly driver: LoadDriver
  readonly ours: Contender
  readonly peer: Contender
  /** Both on one redis-server, which is started when a row first needs it. */
  redis(): Promise<{ readonly server: BenchRedis; readonly ours: Contender; readonly peer: Contender }>
  /** Our prepared instance, for rows that use more of it than its address. */
  instance(): Promise<OurInstance>
  stopServers(): Promise<void>
  close(): Promise<void>
}

export function openEnvironment(options: RunOptions): Environment {
  // Under the repository and not the system's temporary folder, which may be memory: logs and store shall be on disk.
  const folder = join(ROOT, 'var', `bench-${process.pid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const population = makePopulation()
  const populationFile = join(folder, 'population.json')
  writeFileSync(populationFile, JSON.stringify(population), { mode: 0o600 })

  const instance = ours({ folder, population, root: ROOT, profileFolder: options.profileFolder })
  const peerOptions = { folder, population, populationFile }
  const left = options.againstItself ? peer(peerOptions) : instance
  const right = peer(peerOptions)
  const driver = startLoadDriver()
  let onRedis: ReturnType<Environment['redis']> | undefined
  const startOnRedis = async () => {
    const server = await startBenchRedis(folder)
    const own = join(folder, 'on-redis')
    mkdirSync(own, { recursive: true, mode: 0o700 })
    const { profileFolder } = options
    const sides = {
      ours: ours({ folder: own, population, root: ROOT, profileFolder, redis: server }),
      peer: peer({ ...peerOptions, redis: server }),
    }
    return { server, ...sides, ours: options.againstItself ? peer({ ...peerOptions, redis: server }) : sides.ours }
  }
  const stopServers = async () => {
    const shared = await onRedis
    onRedis = undefined
    await Promise.all([left.stop(), right.stop(), instance.stop(), shared?.ours.stop(), shared?.peer.stop()])
    await shared?.server.stop()
  }
  return {
    options,
    population,
    folder,
    driver,
    ours: left,
    peer: right,
    redis() {
      onRedis ??= startOnRedis()
      return onRedis
    },
    instance: instance.prepared,
    stopServers,
    async close() {
      await stopServers()
      driver.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
