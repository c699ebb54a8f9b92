/**
 * `serve --dev`: a demo on loopback that needs nothing prepared. Keys, store and logs lie in `var/` and are kept from run to
 * run; the committed bundle is served under a development key until a policy is edited.
 */
import { join, relative, resolve } from 'node:path'
import { createPasswordHasher } from '../../auth/user/password/hasher.ts'
import { isLoopback } from '../../config/rules.ts'
import type { Config } from '../../config/schema.ts'
import { systemClock } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { Invocation } from '../command.ts'
import { demoEndpoints } from '../demo/endpoints.ts'
import { checkInstance, initialise } from '../instance.ts'
import { keyRules, openConfiguredEnvelope } from '../keys/configured.ts'
import { untilSignal } from '../serve/signals.ts'
import { serveTogether } from '../serve/together.ts'
import { openStore } from '../store.ts'
import { banner } from './banner.ts'
import { ensureDevBundle } from './bundle.ts'
import { devCredentials, keepCredentials } from './credentials.ts'
import { lockState } from './lock.ts'
import { seedDemo } from './seed.ts'
import { type DevState, devSettings, openDevState } from './state.ts'
import { startWatcher } from './watcher.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

export async function serveDev(invocation: Invocation): Promise<number> {
  await using ends = new AsyncDisposableStack()
  const stopped = untilSignal()
  const state = openDevState(resolve('var'))
  const config = devConfig(invocation, state)
  ends.defer(lockState(state.folder, config.auth.port))
  const clock = systemClock
  await ensureDevBundle(state, join(ROOT, 'bundles/sallyport.tar.gz'), clock)
  const envelope = openConfiguredEnvelope(config)
  const store = await openStore(config, clock)
  ends.defer(() => store.close())
  await initialise({ store, envelope, clock, rules: keyRules(config) })
  await checkInstance({ store, envelope })
  const credentials = devCredentials(state.credentialsFile, {
    issuer: config.issuer,
    policy: `http://localhost:${config.policy.port}`,
  })
  const [{ authAddress }] = await Promise.all([
    serveTogether({ config, store, envelope, ends, extraEndpoints: demoEndpoints(credentials) }),
    seedDemo({ store, hasher: createPasswordHasher(), clock }, credentials),
  ])
  keepCredentials(state.credentialsFile, credentials)
  const files = {
    credentials: relative(process.cwd(), state.credentialsFile),
    mail: relative(process.cwd(), config.mail.directory ?? ''),
  }
  console.log(banner(credentials, files, { now: new Date(), node: nodeCommand() }))
  // Counted from the start of the process, as the person waits for it.
  console.log(`ready in ${Math.round(performance.now())} ms on ${authAddress}`)
  const watcher = startWatcher({ root: ROOT, state, say: (line) => console.log(`policies: ${line}`) })
  ends.defer(() => watcher.close())
  await stopped
  return 0
}

/** The node that runs this, as pasted from here: the system's own may be too old. */
function nodeCommand(): string {
  const near = relative(process.cwd(), process.execPath)
  return near.length < process.execPath.length && near.includes('/') ? near : process.execPath
}

/** Nothing of the demo leaves this machine: its secrets are printed. */
function devConfig(invocation: Invocation, state: DevState): Config {
  const settings = devSettings(state, invocation.config().mail)
  const { auth } = invocation.config(settings)
  const config = invocation.config({ ...settings, issuer: `http://localhost:${auth.port}` })
  for (const [setting, host] of [
    ['auth.host', config.auth.host],
    ['policy.host', config.policy.host],
    ['issuer', new URL(config.issuer).hostname],
  ] as const) {
    if (!isLoopback(host)) throw new ConfigError(`${setting}: --dev serves on loopback only`)
  }
  if (config.auth.port === 0 || config.policy.port === 0)
    throw new ConfigError('--dev needs ports that are known beforehand: set AUTH_PORT and POLICY_PORT')
  return config
}
