/** For tests: an activator over real sources, with what it told, and waiting for what it tells. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEgress } from '../../egress/open.ts'
import { openService } from '../../egress/service.ts'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { FIXTURE_KEYS, type FixtureSource, packFixture, SMALL } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createNoticeHub, type NoticeType } from '../notices/hub.ts'
import { BundleTracker } from '../status.ts'
import { type Activator, type ActivatorOptions, openActivator } from './activator.ts'
import type { BundleSource } from './bundle-source.ts'
import { fileMarks } from './file-marks.ts'
import type { ServiceSource } from './service-feed.ts'

const REQUIRED = ['authz/revoke/decision', 'system/log/mask']

/** A bundle whose data hold the given answer. */
export const answering = (answer: number): FixtureSource => ({ ...SMALL, data: { rbac: { answer } } })
export const packed = (version: number, answer = version): Promise<Uint8Array> =>
  packFixture(answering(answer), version)

export interface Followed {
  readonly activator: Activator
  readonly tracker: BundleTracker
  /** In order; undefined where it was taken out of force. */
  readonly activations: readonly (VerifiedBundle | undefined)[]
  readonly lines: readonly string[]
  /** Each notice, with the version that the status last handed on says is active. */
  readonly told: readonly { readonly type: NoticeType; readonly status: number | undefined }[]
  /** Version in force. */
  readonly version: number | undefined
  /** Woken by what the activator tells, never by time. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

export interface How {
  readonly nowMs?: () => number
  /** What the threads that decide do when it is taken out of force. */
  readonly withdraw?: ActivatorOptions['withdraw']
}

export interface Room {
  readonly folder: string
  /** A service at this address, asked in quick succession. */
  service(url: string, over?: Partial<ServiceSource>): ServiceSource
  follow(source: Partial<BundleSource>, how?: How): Promise<Followed>
  close(): Promise<void>
}

/** Marks and copies lie in the room's folder, so that following anew is a restart. */
export async function openRoom(): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-life-'))
  const egress = openEgress({ allow: ['127.0.0.1'], unlisted: 'none' })
  const open = new Set<Followed>()
  return {
    folder,
    service: (url, over = {}) => ({
      service: openService({ name: 'control', url: new URL(url) }, { egress }),
      resource: 'bundles/sallyport',
      minDelayMs: 5,
      maxDelayMs: 20,
      deadlineMs: 5000,
      ...over,
    }),
    follow: async (source, how) => {
      const followed = await follow(folder, source, how)
      open.add(followed)
      return followed
    },
    close: async () => {
      for (const followed of open) await followed.close()
      await egress.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function follow(
  folder: string,
  source: Partial<BundleSource>,
  { nowMs = () => Date.now(), withdraw = async () => {} }: How = {},
): Promise<Followed> {
  const tracker = new BundleTracker('sallyport')
  const activations: (VerifiedBundle | undefined)[] = []
  const lines: string[] = []
  const told: Followed['told'][number][] = []
  let status: number | undefined
  const notices = createNoticeHub()
  notices.subscribe(({ type }) => told.push({ type, status }))
  let statuses: (() => void)[] = []
  let closed = false
  const activator = await openActivator({
    tracker,
    source: {
      keys: FIXTURE_KEYS,
      minimumVersion: 0,
      requiredEntrypoints: REQUIRED,
      copies: { folder: join(folder, 'copies') },
      ...source,
    },
    marks: fileMarks(join(folder, 'marks.json')),
    logger: createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } }),
    metrics: createMetrics('t'),
    clock: { nowMs },
    activate: async (bundle, note) => {
      await note()
      activations.push(bundle)
    },
    withdraw: async (name) => {
      activations.push(undefined)
      await withdraw(name)
    },
    notices,
    onStatus: () => {
      status = tracker.status.version
      for (const wake of statuses.splice(0)) wake()
    },
  })
  return {
    activator,
    tracker,
    activations,
    lines,
    told,
    get version() {
      return activations.at(-1)?.version
    },
    until: async (condition) => {
      while (!condition()) await new Promise<void>((wake) => statuses.push(wake))
    },
    close: async () => {
      if (closed) return
      closed = true
      statuses = []
      await activator.close()
    },
  }
}
