/**
 * The keys of an instance. `init` makes them, once per store; `serve` only proves that the envelope key opens what was
 * sealed, by the check record, so that a wrong key stops the start and never seals anything.
 */
import { randomBytes } from 'node:crypto'
import { firstKeys } from '../auth/keys/keeper.ts'
import type { KeyRules } from '../auth/keys/rules.ts'
import { CHECK_RECORD, openRootSecret } from '../auth/token/root-secret.ts'
import { type Clock, epochSeconds } from '../kernel/clock.ts'
import type { Envelope } from '../kernel/envelope.ts'
import { digestOf, randomSecret } from '../kernel/ids.ts'
import type { Initialised, PlatformStore } from '../storage/port.ts'

export const SETUP_LIFETIME_SECONDS = 60 * 60

interface Deps {
  readonly store: { readonly platform: PlatformStore }
  readonly envelope: Envelope
  readonly clock: Clock
  readonly rules: KeyRules
}

export interface SetupCredential {
  readonly secret: string
  readonly expiresAt: number
}

/** Of two at once one answers a credential; the other undefined, and nothing of its own was written. */
export async function initialiseWithSetup(deps: Deps): Promise<SetupCredential | undefined> {
  const setup = { secret: randomSecret(), expiresAt: epochSeconds(deps.clock) + SETUP_LIFETIME_SECONDS }
  const outcome = await initialise(deps, { digest: digestOf(setup.secret), expiresAt: setup.expiresAt })
  return outcome === 'initialised' ? setup : undefined
}

/** Without a setup credential: for `--dev`, which makes its clients itself. */
export async function initialise(
  deps: Deps,
  setup?: { readonly digest: string; readonly expiresAt: number },
): Promise<Initialised> {
  // Keys are not made in vain.
  if ((await deps.store.platform.checkRecord()) !== undefined) return 'already'
  return deps.store.platform.initialise({
    checkRecord: deps.envelope.seal(CHECK_RECORD, randomBytes(32)),
    signingKeys: await firstKeys(deps.envelope, deps.rules, epochSeconds(deps.clock)),
    ...(setup && { setup }),
  })
}

/** Throws ConfigError on an empty store, or when the envelope key is not the one that sealed it. */
export async function checkInstance(deps: Pick<Deps, 'store' | 'envelope'>): Promise<void> {
  await openRootSecret(deps)
}
