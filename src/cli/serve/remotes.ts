/** What the configuration says of decisions that are answered elsewhere, as the policy engine takes it. */
import type { Config } from '../../config/schema.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { DECISIONS } from '../../policy-engine/contract/index.ts'
import { plainService, type RemotePlace } from '../../policy-engine/remote/remotes.ts'
import { serviceOptions } from './services.ts'

/** Throws ConfigError where a remote names no service or no decision of ours, or two answer the same. */
export function remotePlaces(config: Pick<Config, 'policy' | 'services'>): readonly RemotePlace[] {
  const taken = new Map<string, string>()
  const names = new Set<string>()
  return config.policy.remotes.map(({ name, service, decisions, path, deadline_ms, retries }) => {
    if (names.has(name)) throw new ConfigError(`policy.remotes: two are called ${name}`)
    names.add(name)
    for (const decision of decisions) {
      if (!Object.hasOwn(DECISIONS, decision))
        throw new ConfigError(
          `policy.remotes, ${name}: ${decision} is no decision; there are ${Object.keys(DECISIONS).join(', ')}`,
        )
      const other = taken.get(decision)
      if (other !== undefined)
        throw new ConfigError(`policy.remotes: ${decision} is answered by ${other} and by ${name}`)
      taken.set(decision, name)
    }
    const options = serviceOptions(config, service, `policy.remotes, ${name}`)
    return { name, service: plainService(options), decisions, path, deadlineMs: deadline_ms, retries }
  })
}
