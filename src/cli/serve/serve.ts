/** `sallyport serve [auth|policy]`: opens what the shape needs, serves until a signal, closes in reverse. */
import type { Config } from '../../config/schema.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Envelope } from '../../kernel/envelope.ts'
import type { Store } from '../../storage/port.ts'
import { type Invocation, UsageError } from '../command.ts'
import { checkInstance } from '../instance.ts'
import { openConfiguredEnvelope } from '../keys/configured.ts'
import { openStore } from '../store.ts'
import { checkBundleSources } from './bundle-source.ts'
import { untilSignal } from './signals.ts'

const TENANT = 'default'

export async function serve(invocation: Invocation): Promise<number> {
  const [shape] = invocation.positionals
  if (invocation.values.dev === true) {
    if (shape !== undefined) throw new UsageError('serve --dev serves both services')
    const { serveDev } = await import('../dev/serve-dev.ts')
    return serveDev(invocation)
  }
  const config = invocation.config()
  await using ends = new AsyncDisposableStack()
  const stopped = untilSignal()
  const began = performance.now()
  const where = await startShape(shape, config, ends)
  console.log(`${where}, ready in ${Math.round(performance.now() - began)} ms`)
  await stopped
  return 0
}

async function startShape(shape: string | undefined, config: Config, ends: AsyncDisposableStack): Promise<string> {
  if (shape === 'policy') {
    const { servePolicy } = await import('./policy.ts')
    return servePolicy(config, ends)
  }
  if (shape === 'auth') {
    const { serveAuth } = await import('./auth.ts')
    return serveAuth({ config, ends, ...(await openInstance(config, ends)) })
  }
  // Before the store: what is missing here no store can mend.
  checkBundleSources(config)
  const { serveTogether } = await import('./together.ts')
  const { authAddress, policyPort } = await serveTogether({ config, ends, ...(await openInstance(config, ends)) })
  return `auth service on ${authAddress}, policy service on ${config.policy.host}:${policyPort}`
}

/** The store and the envelope that fits it. Throws ConfigError on an empty store or a key that does not fit. */
async function openInstance(
  config: Config,
  ends: AsyncDisposableStack,
): Promise<{ readonly store: Store; readonly envelope: Envelope }> {
  const envelope = openConfiguredEnvelope(config)
  const store = await openStore(config, systemClock)
  ends.defer(() => store.close())
  await checkInstance({ store, envelope })
  // Before anybody is served: else an address that an account has proven could go to another one meanwhile.
  await store.users.indexEmails(TENANT)
  return { store, envelope }
}
