/**
 * What `serve policy` forks. Marks of bundle versions and heads of logs lie in the shared store where there is one (its
 * user needs only those keys), else in files beside the logs. The envelope key is never handed to this process.
 */
import { join } from 'node:path'
import { fileChains } from '../audit/file-chains.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../kernel/clock.ts'
import { createLogger } from '../observability/logger.ts'
import { fileMarks } from '../policy-engine/file-marks.ts'
import type { OutsideSettings } from '../policy-engine/outside.ts'
import { type Supervised, serveSupervised } from '../policy-engine/process/supervised.ts'
import { startPolicyService } from '../policy-engine/service.ts'
import { bundleSources, policyApi } from './bundle-source.ts'
import { logRules, warnOfKey } from './logs.ts'
import { openStore } from './store.ts'
import { VERSION } from './version.ts'

export interface PolicyProcessStart {
  readonly config: Omit<Config, 'kek' | 'kek_file'>
  readonly outside: OutsideSettings
}

if (process.send !== undefined) serveSupervised((given) => start(given as PolicyProcessStart))

async function start({ config, outside }: PolicyProcessStart): Promise<Supervised> {
  const store = config.store.kind === 'redis' ? await openStore(config, systemClock) : undefined
  const logger = createLogger({ level: config.log.level, name: 'policy-service' })
  const log = logRules(config)
  if (log.signingKey === undefined) warnOfKey(config, logger)
  try {
    const service = await startPolicyService({
      bundles: bundleSources(config),
      marks: store?.marks ?? fileMarks(join(config.log.directory, 'bundle-marks.json')),
      chains: store?.chains ?? fileChains(join(config.log.directory, 'chain-heads.json')),
      logDirectory: config.log.directory,
      log,
      version: VERSION,
      api: policyApi(config),
      cacheBytes: config.policy.cache_bytes,
      deadlineMs: config.policy.deadline_ms,
      outside,
      logger,
    })
    return {
      port: service.port,
      reopenLogs: () => service.reopenLogs(),
      close: async () => {
        await service.close()
        await store?.close()
      },
    }
  } catch (error) {
    await store?.close()
    throw error
  }
}
