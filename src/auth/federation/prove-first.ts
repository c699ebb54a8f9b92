/**
 * The address of an account at a provider is that of an account here: who comes proves first that the account here is theirs,
 * by signing in to it as ever; `link-pending.ts` goes on from there. Checklist 43; NIST SP 800-63C 3.5.
 */
import { accountExistsPage } from '../../../web/sign-in/federation.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import { sealUnder } from '../../kernel/sealed.ts'
import type { UserRecord } from '../../storage/records.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import type { Waiting } from '../sign-in/waiting.ts'
import type { FederationDeps } from './deps.ts'
import type { ProviderOptions } from './provider/options.ts'
import type { Upstream } from './provider/upstream.ts'

export const PENDING = 'federation_link'
/** As long as the sign-in that waits for it. */
const PENDING_SECONDS = 30 * 60

export async function proveFirst(
  deps: FederationDeps,
  request: HttpRequest,
  waiting: Waiting,
  options: ProviderOptions,
  { issuer, subject, email = '', label = '' }: Upstream,
  account: UserRecord,
): Promise<Reply> {
  const pending = randomSecret()
  const now = request.origin.time.epoch_seconds
  await deps.store.oneUse.put(request.tenant, digestOf(pending), {
    v: 1,
    kind: PENDING,
    sub: account.sub,
    facts: {
      provider: options.id,
      issuer,
      subject,
      email,
      label,
      interaction: sealUnder(pending, PENDING, waiting.id),
    },
    createdAt: now,
    expiresAt: now + PENDING_SECONDS,
  })
  const page = `/federation/link?pending=${pending}`
  const { headers = {} } = await signInFor(deps, request, { page, onlySub: account.sub, fresh: true })
  const { location, ...cookies } = headers
  const shown = accountExistsPage({
    provider: options.displayName,
    address: email,
    signInAt: String(location),
    uiLocales: waiting.interaction.uiLocales,
  })
  return { status: 200, headers: { ...shown.headers, ...cookies }, body: shown.body }
}
