/** What the configuration says of the policy API, as the policy engine takes it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Config } from '../../config/schema.ts'
import { publishedConfig } from '../../config/show.ts'
import { checkListenerTls } from '../../http/tls.ts'
import type { ApiOptions } from '../../policy-engine/listen.ts'
import { listenerFiles } from '../settings/tls.ts'

/** Throws ConfigError where a certificate cannot be used: the thread that listens could not say so as plainly. */
export function policyApi(config: Config): ApiOptions {
  const { policy, limits } = config
  const tls = policy.tls && { ...listenerFiles(policy.tls), clientCaFile: policy.tls.client_ca_file }
  if (tls) checkListenerTls('policy.tls', tls)
  return {
    host: policy.host,
    port: policy.port,
    credentials: policy.credentials.map(({ identity, token_file }) => ({ identity, tokenFile: token_file })),
    limits: { bodyBytes: limits.policy_body_bytes },
    defaultDecision: policy.default_decision.split('/').filter((segment) => segment !== ''),
    opaFile: policy.opa_file ?? besideUs(),
    shownConfig: publishedConfig(config),
    tls,
  }
}

/** The compiler that `make` fetched, where this runs from the repository. */
function besideUs(): string | undefined {
  const file = fileURLToPath(new URL('../../../.toolchain/opa', import.meta.url))
  return existsSync(file) ? file : undefined
}
