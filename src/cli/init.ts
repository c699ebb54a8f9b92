/** `sallyport init`: makes a production instance, once per store, and prints one admin credential that works once. */
import { systemClock } from '../kernel/clock.ts'
import type { Invocation } from './command.ts'
import { checkInstance, initialiseWithSetup, SETUP_LIFETIME_SECONDS } from './instance.ts'
import { keyRules, openConfiguredEnvelope } from './keys/configured.ts'
import { ensureLogKey } from './serve/logs.ts'
import { openStore } from './store.ts'

export async function init(invocation: Invocation): Promise<number> {
  const config = invocation.config()
  const envelope = openConfiguredEnvelope(config)
  const store = await openStore(config, systemClock)
  try {
    const setup = await initialiseWithSetup({ store, envelope, clock: systemClock, rules: keyRules(config) })
    if (!setup) {
      await checkInstance({ store, envelope })
      console.error(
        'sallyport: this store was initialised before; nothing was changed (docs/administration.md: where the credential is lost)',
      )
      return 1
    }
    // By the one that won only: of two at once the other says one thing.
    makeLogKey(config.log.key_file)
    console.log(welcome(config.issuer, setup))
    return 0
  } finally {
    await store.close()
  }
}

/** The logs' key is no part of the store: without it checkpoints are not signed, and the services say so. */
function makeLogKey(file: string): void {
  try {
    if (ensureLogKey(file)) console.error(`sallyport: made ${file}, which signs the checkpoints of the logs`)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    console.error(
      `sallyport: log.key_file ${file} cannot be made (${why}): give each service one, docs/administration.md`,
    )
  }
}

/** What the first administrator may be given at most; the role carries the right to make all others. */
const FIRST_CLIENT = {
  name: 'Administration',
  grant_types: ['client_credentials'],
  scopes: ['admin', 'scim'],
  roles: ['platform_admin'],
}

const welcome = (issuer: string, { secret, expiresAt }: { secret: string; expiresAt: number }): string =>
  `Initialised. This credential makes the first admin client. It works once, at POST ${issuer}/admin/clients,
within ${SETUP_LIFETIME_SECONDS / 60} minutes (until ${new Date(expiresAt * 1000).toISOString()}), and is not shown again:

${secret}

Start \`sallyport serve\`, then send it as it stands: a client without this role could make no other.

curl -sS ${issuer}/admin/clients -H 'authorization: Bearer ${secret}' \\
  -H 'content-type: application/json' -d '${JSON.stringify(FIRST_CLIENT)}'

The answer holds client_id and client_secret, shown once. To keep it, add \`| (umask 077; tee admin.json)\`: commands of
operators read that file as admin.credentials_file. What else to do with it: docs/administration.md.
`
