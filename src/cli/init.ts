/** `sallyport init`: makes a production instance, once per store, and prints one admin credential that works once. */
import { readKek } from '../config/secrets.ts'
import { systemClock } from '../kernel/clock.ts'
import { openEnvelope } from '../kernel/envelope.ts'
import type { Invocation } from './command.ts'
import { checkInstance, initialiseWithSetup, SETUP_LIFETIME_SECONDS } from './instance.ts'
import { openStore } from './store.ts'

export async function init(invocation: Invocation): Promise<number> {
  const config = invocation.config()
  const kek = readKek(config)
  const envelope = openEnvelope(kek)
  kek.fill(0)
  const store = await openStore(config, systemClock)
  try {
    const setup = await initialiseWithSetup({ store, envelope, clock: systemClock })
    if (!setup) {
      await checkInstance({ store, envelope })
      console.error('sallyport: this store was initialised before; nothing was changed')
      return 1
    }
    console.log(`Initialised. This credential makes the first admin client. It works once, at POST ${config.issuer}/admin/clients,
within ${SETUP_LIFETIME_SECONDS / 60} minutes (until ${new Date(setup.expiresAt * 1000).toISOString()}), and is not shown again:

${setup.secret}
`)
    return 0
  } finally {
    await store.close()
  }
}
