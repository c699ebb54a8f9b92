/** Both services in one process: the auth service decides on this thread, the policy API runs in a thread of its own. */
import { type AuthServiceOptions, createAuthService } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Envelope } from '../../kernel/envelope.ts'
import { randomId } from '../../kernel/ids.ts'
import { createLogger } from '../../observability/logger.ts'
import { openPolicyPlatform } from '../../policy-engine/platform.ts'
import type { Store } from '../../storage/port.ts'
import { bundleAudit } from '../bundle/audit.ts'
import { authSettings } from '../settings/auth-settings.ts'
import { outsideSettings } from '../settings/outside.ts'
import { VERSION } from '../version.ts'
import { bundleSources } from './bundle-source.ts'
import { listen, orExplain } from './listen.ts'
import { logRules, openAuditLog } from './logs.ts'
import { tellOthers } from './notices.ts'
import { policyApi } from './policy-api.ts'
import { remotePlaces } from './remotes.ts'
import { openServices } from './services.ts'

export interface Together {
  readonly authAddress: string
  readonly policyPort: number | undefined
}

export interface TogetherOptions {
  readonly config: Config
  readonly store: Store
  readonly envelope: Envelope
  /** Everything that is opened is closed with it, in reverse. */
  readonly ends: AsyncDisposableStack
  readonly extraEndpoints?: AuthServiceOptions['extraEndpoints']
}

/** Resolves when both listen, whether or not a bundle is fit to serve: without one, everything answers 503. */
export async function serveTogether({
  config,
  store,
  envelope,
  ends,
  extraEndpoints,
}: TogetherOptions): Promise<Together> {
  const logger = createLogger({ level: config.log.level })
  const audit = openAuditLog(config, store.chains, logger)
  ends.defer(() => audit.close())
  const services = openServices(config, ends)
  const id = randomId()
  const opening = openPolicyPlatform({
    bundles: bundleSources(config, { services, logger, ends }),
    marks: store.marks,
    chains: store.chains,
    logDirectory: config.log.directory,
    id,
    log: logRules(config),
    version: VERSION,
    api: policyApi(config),
    cacheBytes: config.policy.cache_bytes,
    deadlineMs: config.policy.deadline_ms,
    outside: outsideSettings(config, process.env),
    remotes: remotePlaces(config),
    logger,
    audit: bundleAudit(audit.audit),
  })
  const platform = await orExplain('policy', config.policy, opening)
  ends.defer(() => platform.close())
  tellOthers(config, platform, { services, logger, id, ends })
  const auth = await createAuthService({
    ...authSettings(config),
    store,
    decide: platform.decide,
    audit: audit.audit,
    envelope,
    logger,
    clock: systemClock,
    metrics: platform.metrics,
    policyReady: () => platform.status().nodes.some(({ node, revision }) => node === 'auth' && revision !== undefined),
    ...(extraEndpoints && { extraEndpoints }),
  })
  ends.defer(() => auth.close())
  return { authAddress: await listen(auth, config.auth), policyPort: platform.port }
}
