/**
 * What `serve policy` forks. Marks of bundle versions and heads of logs lie in the shared store where there is one (its
 * user needs only those keys), else in files beside the logs. The envelope key is never handed to this process.
 */
import { join } from 'node:path'
import { fileChains } from '../../audit/file-chains.ts'
import type { Config } from '../../config/schema.ts'
import { systemClock } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'
import { createLogger } from '../../observability/logger.ts'
import { fileMarks } from '../../policy-engine/life/file-marks.ts'
import type { OutsideSettings } from '../../policy-engine/node/outside.ts'
import { type Supervised, serveSupervised } from '../../policy-engine/process/supervised.ts'
import { startPolicyService } from '../../policy-engine/service.ts'
import { bundleAudit } from '../bundle/audit.ts'
import { openStore } from '../store.ts'
import { VERSION } from '../version.ts'
import { bundleSources } from './bundle-source.ts'
import { logRules, openAuditLog } from './logs.ts'
import { tellOthers } from './notices.ts'
import { policyApi } from './policy-api.ts'
import { remotePlaces } from './remotes.ts'
import { openServices } from './services.ts'

export interface PolicyProcessStart {
  readonly config: Omit<Config, 'kek' | 'kek_file'>
  readonly outside: OutsideSettings
}

if (process.send !== undefined) serveSupervised((given) => start(given as PolicyProcessStart))

async function start({ config, outside }: PolicyProcessStart): Promise<Supervised> {
  await using opened = new AsyncDisposableStack()
  const ends = new AsyncDisposableStack()
  opened.defer(() => ends.disposeAsync())
  const store = config.store.kind === 'redis' ? await openStore(config, systemClock) : undefined
  ends.defer(() => store?.close())
  const logger = createLogger({ level: config.log.level, name: 'policy-service' })
  const log = logRules(config)
  const chains = store?.chains ?? fileChains(join(config.log.directory, 'chain-heads.json'))
  const audit = openAuditLog(config, chains, logger, 'audit-policy.jsonl')
  ends.defer(() => audit.close())
  const services = openServices(config, ends)
  const id = randomId()
  const service = await startPolicyService({
    bundles: bundleSources(config, { services, logger, ends }),
    marks: store?.marks ?? fileMarks(join(config.log.directory, 'bundle-marks.json')),
    chains,
    logDirectory: config.log.directory,
    id,
    log,
    version: VERSION,
    api: policyApi(config),
    cacheBytes: config.policy.cache_bytes,
    deadlineMs: config.policy.deadline_ms,
    outside,
    remotes: remotePlaces(config),
    logger,
    audit: bundleAudit(audit.audit),
  })
  ends.defer(() => service.close())
  tellOthers(config, service, { services, logger, id, ends })
  opened.move()
  return {
    port: service.port,
    reopenLogs: () => {
      service.reopenLogs()
      audit.reopen()
    },
    close: () => ends.disposeAsync(),
  }
}
