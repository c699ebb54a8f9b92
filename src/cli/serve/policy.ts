/** `serve policy`: a supervisor that keeps the policy service running as a process of its own. */
import type { Config } from '../../config/schema.ts'
import { createLogger } from '../../observability/logger.ts'
import { supervise } from '../../policy-engine/process/supervisor.ts'
import { outsideSettings } from '../settings/outside.ts'
import { checkBundleSources } from './bundle-source.ts'
import { policyApi } from './policy-api.ts'
import type { PolicyProcessStart } from './policy-process.ts'

export async function servePolicy(config: Config, ends: AsyncDisposableStack): Promise<string> {
  // Judged here too, so that a refusal comes before a process is started.
  checkBundleSources(config)
  policyApi(config)
  const { kek: _kek, kek_file: _kekFile, ...needed } = config
  const supervisor = await supervise({
    entry: new URL(import.meta.url.endsWith('.ts') ? './policy-process.ts' : './policy-process.js', import.meta.url),
    // Its environment is empty: what policies may know of ours goes along.
    options: { config: needed, outside: outsideSettings(config, process.env) } satisfies PolicyProcessStart,
    logger: createLogger({ level: config.log.level, name: 'policy-supervisor' }),
  })
  ends.defer(() => supervisor.close())
  return `policy service on ${config.policy.host}:${supervisor.port}`
}
