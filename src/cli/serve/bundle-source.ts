/** What the configuration says of bundles, as the policy engine takes it. */
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import type { OtherBundleConfig } from '../../config/sections/bundles.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { DEFAULT_LIMITS } from '../../policy-engine/bundle/archive.ts'
import type { SigningRules } from '../../policy-engine/bundle/signature.ts'
import type { Bundles } from '../../policy-engine/life/activators.ts'
import type { BundleSource } from '../../policy-engine/life/bundle-source.ts'
import type { ServiceSource } from '../../policy-engine/life/service-feed.ts'
import { type TrustedKeys, watchedKeys } from '../../policy-engine/life/trusted-keys.ts'
import { type KeysConfig, readKeys, readKeysAgain } from './bundle-keys.ts'
import { type Services, serviceOptions } from './services.ts'

/** Names may be given to the platform's bundle by nobody else. */
const PLATFORM = 'sallyport'

interface Configured {
  readonly setting: string
  readonly name: string
  readonly trusted: KeysConfig
  readonly had: OtherBundleConfig
}

/** The platform's first; a bundle without keys of its own trusts the platform's. */
function configured({ policy }: Config): readonly [Configured, ...Configured[]] {
  const { bundle, bundles } = policy
  const platform = { setting: 'policy.bundle', name: PLATFORM, trusted: bundle, had: { ...bundle, name: PLATFORM } }
  const others = bundles.map((had, at) => ({
    setting: `policy.bundles.${at}`,
    name: had.name,
    trusted: had.keys.length === 0 && had.keys_file === undefined ? bundle : had,
    had,
  }))
  return [platform, ...others]
}

/** Throws ConfigError where no key is trusted (an unsigned bundle is never served), or a service is not there. */
export function checkBundleSources(config: Config): void {
  for (const { setting, trusted, had } of configured(config)) {
    if (readKeys(trusted).length === 0)
      throw new ConfigError(
        'no bundle key is trusted: name at least one in policy.bundle.keys, or use --dev for a demo',
      )
    if (had.service !== undefined) serviceOptions(config, had.service, `${setting}.service`)
    else if (had.path === undefined) throw new ConfigError(`${setting}: needs path or service`)
    if (had.polling.min_delay_seconds > had.polling.max_delay_seconds)
      throw new ConfigError(`${setting}.polling: min_delay_seconds is more than max_delay_seconds`)
    const signed = had.signing?.exclude_files.find((pattern) =>
      /(^|\/)(\.manifest|data\.json|policy\.wasm)$/.test(pattern),
    )
    if (signed !== undefined) throw new ConfigError(`${setting}.signing.exclude_files: ${signed} is always signed`)
  }
}

export interface BundleSourceDeps {
  readonly services: Services
  readonly logger: Logger
  readonly ends: Pick<AsyncDisposableStack, 'defer'>
}

/** Keys are read again until `ends` does. Throws as `checkBundleSources`. */
export function bundleSources(config: Config, deps: BundleSourceDeps): Bundles {
  checkBundleSources(config)
  const watched = new Map<KeysConfig, TrustedKeys>()
  const keysOf = (trusted: KeysConfig): TrustedKeys => {
    const keys = watched.get(trusted) ?? watchKeys(trusted, deps)
    watched.set(trusted, keys)
    return keys
  }
  const [platform, ...others] = configured(config).map(
    ({ setting, name, trusted, had }): BundleSource => ({
      name,
      keys: keysOf(trusted),
      engine: config.policy.engine,
      limits: {
        ...DEFAULT_LIMITS,
        archiveBytes: config.limits.bundle_bytes,
        totalBytes: 4 * config.limits.bundle_bytes,
      },
      ...(had.service === undefined
        ? { path: had.path ?? '' }
        : { remote: remoteOf(name, had, deps.services.open(had.service, `${setting}.service`)) }),
      ...(had.persist && {
        copies: { folder: join(config.policy.persistence_directory, name), count: config.policy.kept_bundles },
      }),
      ...(had.signing && { signing: signingOf(had.signing) }),
      ...(had.max_age_seconds !== undefined && { maxAgeSeconds: had.max_age_seconds }),
      ...(had.minimum_version !== undefined && { minimumVersion: had.minimum_version }),
    }),
  )
  if (platform === undefined) throw new Error('the platform bundle is always configured')
  return { platform, others }
}

function watchKeys(trusted: KeysConfig, { logger, ends }: BundleSourceDeps): TrustedKeys {
  const keys = watchedKeys({
    first: readKeys(trusted),
    read: async () => readKeysAgain(trusted),
    onTrouble: (error) => logger.error({ err: error }, 'the bundle keys cannot be read again: those before stay'),
  })
  ends.defer(() => keys.close())
  return keys
}

function remoteOf(name: string, had: OtherBundleConfig, service: ServiceSource['service']): ServiceSource {
  const { resource = `bundles/${name}`, trigger, polling } = had
  const longPollSeconds = polling.long_polling_timeout_seconds
  return {
    service,
    resource,
    trigger,
    minDelayMs: polling.min_delay_seconds * 1000,
    maxDelayMs: polling.max_delay_seconds * 1000,
    deadlineMs: polling.download_timeout_seconds * 1000,
    ...(longPollSeconds !== undefined && { longPollSeconds }),
  }
}

const signingOf = (signing: NonNullable<OtherBundleConfig['signing']>): SigningRules => ({
  excludeFiles: signing.exclude_files,
  ...(signing.keyid !== undefined && { keyId: signing.keyid }),
  ...(signing.scope !== undefined && { scope: signing.scope }),
})
