/** `serve auth`: the auth service alone; every decision is asked from a policy service over HTTP. */
import { createAuthService } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'
import type { Envelope } from '../../kernel/envelope.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { connectPolicy } from '../../policy-engine/remote/client.ts'
import type { Store } from '../../storage/port.ts'
import { authSettings } from '../settings/auth-settings.ts'
import { listen } from './listen.ts'
import { openAuditLog } from './logs.ts'

interface AuthOptions {
  readonly config: Config
  readonly store: Store
  readonly envelope: Envelope
  readonly ends: AsyncDisposableStack
}

export async function serveAuth({ config, store, envelope, ends }: AuthOptions): Promise<string> {
  const { url, token_file, client_tls: tls, deadline_ms: deadlineMs } = config.policy
  if (url === undefined) throw new ConfigError('serve auth needs policy.url, the address of the policy service')
  const logger = createLogger({ level: config.log.level })
  const audit = openAuditLog(config, store.chains, logger)
  ends.defer(() => audit.close())
  const metrics = createMetrics('auth')
  const policy = await connectPolicy({
    url,
    deadlineMs,
    logger,
    metrics,
    ...(token_file && { tokenFile: token_file }),
    ...(tls && { tls: { caFile: tls.ca_file, certFile: tls.cert_file, keyFile: tls.key_file } }),
  })
  ends.defer(() => policy.close())
  const service = await createAuthService({
    ...authSettings(config),
    store,
    decide: policy.decide,
    audit: audit.audit,
    envelope,
    logger,
    metrics,
    policyReady: () => policy.isReady(),
  })
  ends.defer(() => service.close())
  return `auth service on ${await listen(service, config.auth)}`
}
