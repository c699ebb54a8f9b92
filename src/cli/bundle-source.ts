/** What the configuration says of the bundle and of the policy API, as the policy engine takes it. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { BundleSource } from '../policy-engine/activator.ts'
import { DEFAULT_LIMITS } from '../policy-engine/bundle/archive.ts'
import type { ApiOptions } from '../policy-engine/listen.ts'

/** Throws ConfigError where no key is trusted: an unsigned bundle is never served. */
export function bundleSource({ policy, limits }: Config): BundleSource {
  const { path, keys, minimum_version } = policy.bundle
  if (keys.length === 0)
    throw new ConfigError('no bundle key is trusted: name at least one in policy.bundle.keys, or use --dev for a demo')
  return {
    path,
    engine: policy.engine,
    keys: keys.map(({ id, algorithm, state, key_file }) => ({ id, algorithm, state, key: readKey(key_file) })),
    limits: { ...DEFAULT_LIMITS, archiveBytes: limits.bundle_bytes, totalBytes: 4 * limits.bundle_bytes },
    ...(minimum_version !== undefined && { minimumVersion: minimum_version }),
  }
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`policy.bundle.keys: ${file} cannot be read`, { cause })
  }
}

export const policyApi = ({ policy, limits }: Config): ApiOptions => ({
  host: policy.host,
  port: policy.port,
  credentials: policy.credentials.map(({ identity, token_file }) => ({ identity, tokenFile: token_file })),
  limits: { bodyBytes: limits.policy_body_bytes },
})
