/** Follows every configured bundle, the platform's and others, and keeps the set of those that are fit active. */
import type { Clock } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { MarkStore } from '../../storage/port.ts'
import { createLoader } from '../bundle/loader.ts'
import type { BundleRefusal, BundleSet } from '../engine.ts'
import type { NoticeHub } from '../notices/hub.ts'
import { type BundleStatus, BundleTracker } from '../status.ts'
import { type Activator, openActivator } from './activator.ts'
import { createActiveSet } from './active-set.ts'
import type { BundleSource } from './bundle-source.ts'

const PLATFORM_NAME = 'sallyport'

export interface Bundles {
  /** It alone may own `authz`, `system` and `rbac`. */
  readonly platform: BundleSource
  /** Each with a name and roots of its own. */
  readonly others?: readonly BundleSource[]
}

export interface ActivatorsOptions extends Bundles {
  readonly marks: MarkStore
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock?: Clock
  /** Swaps the deciding nodes. Rejects when they cannot. */
  readonly activate: (set: BundleSet) => Promise<void>
  /** Nothing is decided until the next activation. */
  readonly deactivate: () => void
  /** Told of each activation and withdrawal. */
  readonly notices?: NoticeHub
  /** After each attempt on any of them. */
  readonly onStatus: () => void
}

export interface Activators {
  /** Makes the first attempt on each; throws ConfigError where one may not start. */
  open(): Promise<void>
  /** The platform's first. */
  readonly statuses: readonly BundleStatus[]
  readonly followed: readonly { readonly status: BundleStatus; readonly handled: Activator | undefined }[]
  close(): Promise<void>
}

/** Refused for what others held: another change may have made room. */
const MAY_FIT_LATER: ReadonlySet<string> = new Set<BundleRefusal>(['no_platform', 'roots_conflict'])

interface Followed {
  readonly source: BundleSource
  readonly tracker: BundleTracker
  activator?: Activator
}

export function createActivators(options: ActivatorsOptions): Activators {
  const { marks, logger, metrics, clock, onStatus, notices } = options
  const platformName = options.platform.name ?? PLATFORM_NAME
  const platform: Followed = { source: options.platform, tracker: new BundleTracker(platformName) }
  const others = (options.others ?? []).map(follow)
  const followed = [platform, ...others]
  refuseTwice(followed)

  const retryOthers = () => {
    for (const { tracker, activator } of followed) {
      if (MAY_FIT_LATER.has(tracker.status.code ?? '')) void activator?.tryAgain()
    }
  }
  const loader = createLoader()
  const set = createActiveSet({
    platform: platformName,
    prepare: loader.prepare,
    activate: options.activate,
    deactivate: options.deactivate,
    onChange: retryOthers,
  })
  const begin = async (one: Followed): Promise<void> => {
    const { source, tracker } = one
    const isPlatform = one === platform
    one.activator = await openActivator({
      source: { ...source, name: tracker.status.name },
      isPlatform,
      loader,
      tracker,
      marks,
      logger,
      metrics,
      ...(clock && { clock }),
      activate: set.offer,
      withdraw: set.withdraw,
      onStatus,
      ...(notices && { notices }),
    })
  }
  return {
    open: async () => {
      await begin(platform)
      for (const other of others) await begin(other)
      loader.decide()
    },
    get statuses() {
      return followed.map(({ tracker }) => tracker.status)
    },
    get followed() {
      return followed.map(({ tracker, activator }) => ({ status: tracker.status, handled: activator }))
    },
    close: async () => {
      await Promise.all(followed.map(({ activator }) => activator?.close()))
      await loader.close()
    },
  }
}

function follow(source: BundleSource): Followed {
  if (source.name === undefined) throw new ConfigError('a bundle beside the platform bundle needs a name')
  return { source, tracker: new BundleTracker(source.name) }
}

function refuseTwice(followed: readonly Followed[]): void {
  const names = followed.map(({ tracker }) => tracker.status.name)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new ConfigError(`two bundles are named ${twice}: give each a name of its own`)
}
