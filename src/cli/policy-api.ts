/** What the configuration says of the policy API, as the policy engine takes it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/schema.ts'
import { publishedConfig } from '../config/show.ts'
import type { ApiOptions } from '../policy-engine/listen.ts'

export function policyApi(config: Config): ApiOptions {
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
