/** What the configuration says of bundles and of the policy API, as the policy engine takes it. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/schema.ts'
import { publishedConfig } from '../config/show.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { Bundles } from '../policy-engine/activators.ts'
import { DEFAULT_LIMITS } from '../policy-engine/bundle/archive.ts'
import type { BundleKey } from '../policy-engine/bundle/signature.ts'
import type { ApiOptions } from '../policy-engine/listen.ts'

/** Throws ConfigError where no key is trusted: an unsigned bundle is never served. */
export function bundleSources({ policy, limits }: Config): Bundles {
  const { path, keys, minimum_version } = policy.bundle
  if (keys.length === 0)
    throw new ConfigError('no bundle key is trusted: name at least one in policy.bundle.keys, or use --dev for a demo')
  const every = {
    engine: policy.engine,
    limits: { ...DEFAULT_LIMITS, archiveBytes: limits.bundle_bytes, totalBytes: 4 * limits.bundle_bytes },
  }
  const trusted = keys.map(readKey)
  return {
    platform: { ...every, path, keys: trusted, ...version(minimum_version) },
    others: policy.bundles.map((other) => ({
      ...every,
      name: other.name,
      path: other.path,
      keys: other.keys.length === 0 ? trusted : other.keys.map(readKey),
      ...version(other.minimum_version),
    })),
  }
}

const version = (minimumVersion: number | undefined) => (minimumVersion === undefined ? {} : { minimumVersion })

function readKey({ id, algorithm, state, key_file }: Config['policy']['bundle']['keys'][number]): BundleKey {
  try {
    return { id, algorithm, state, key: readFileSync(key_file, 'utf8') }
  } catch (cause) {
    throw new ConfigError(`the key of a bundle, ${key_file}, cannot be read`, { cause })
  }
}

export const policyApi = (config: Config): ApiOptions => {
  const { policy, limits } = config
  const { tls } = policy
  return {
    host: policy.host,
    port: policy.port,
    credentials: policy.credentials.map(({ identity, token_file }) => ({ identity, tokenFile: token_file })),
    limits: { bodyBytes: limits.policy_body_bytes },
    defaultDecision: policy.default_decision.split('/').filter((segment) => segment !== ''),
    opaFile: policy.opa_file ?? besideUs(),
    shownConfig: publishedConfig(config),
    ...(tls && { tls: { certFile: tls.cert_file, keyFile: tls.key_file, clientCaFile: tls.client_ca_file } }),
  }
}

/** The compiler that `make` fetched, where this runs from the repository. */
function besideUs(): string | undefined {
  const file = fileURLToPath(new URL('../../.toolchain/opa', import.meta.url))
  return existsSync(file) ? file : undefined
}
