/** What is known of one bundle before it is had: where it comes from, whose signature is trusted, what is kept of it. */
import { type ArchiveLimits, DEFAULT_LIMITS } from '../bundle/archive.ts'
import type { BundleKey, SigningRules } from '../bundle/signature.ts'
import type { Engine } from '../wasm/open.ts'
import type { KeepOptions } from './kept-bundles.ts'
import type { ServiceSource } from './service-feed.ts'
import { fixedKeys, type TrustedKeys } from './trusted-keys.ts'

export interface BundleSource {
  /** A bundle file or folder; not needed where it comes from a service. */
  readonly path?: string
  /** A service that it is pulled from, in place of a path. */
  readonly remote?: ServiceSource
  /** Default `sallyport`. */
  readonly name?: string
  readonly keys: readonly BundleKey[] | TrustedKeys
  readonly signing?: SigningRules
  /** Older than that by its signature's `iat`, it is refused, and ends where it is active. */
  readonly maxAgeSeconds?: number
  /** Needed where no mark is: a first start cannot tell an old bundle from a new one. 0 takes any. */
  readonly minimumVersion?: number
  readonly requiredEntrypoints?: readonly string[]
  readonly limits?: ArchiveLimits
  /** Who evaluates it; our own host by default. */
  readonly engine?: Engine
  /** Where copies are kept for when the source is down, and for rolling back; absent: nowhere. */
  readonly copies?: KeepOptions
}

type Defaulted = 'name' | 'path' | 'keys' | 'limits'

/** With every default in place. */
export interface KnownSource extends Omit<BundleSource, Defaulted> {
  readonly name: string
  readonly path: string
  readonly keys: TrustedKeys
  readonly limits: ArchiveLimits
}

export const withDefaults = (source: BundleSource): KnownSource => ({
  ...source,
  name: source.name ?? 'sallyport',
  path: source.path ?? '',
  keys: 'current' in source.keys ? source.keys : fixedKeys(source.keys),
  limits: source.limits ?? DEFAULT_LIMITS,
})
