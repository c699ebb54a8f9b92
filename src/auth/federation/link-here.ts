/** Back from a provider, with what somebody who is signed in wants as a further way in. Asks `federation`, stage `entered`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { seeOther } from '../session/answer-client.ts'
import { findSession } from '../session/session.ts'
import { ended } from '../sign-in/waiting.ts'
import { addIdentity, linkedTo } from './add-identity.ts'
import { askFederation } from './ask-federation.ts'
import type { FederationDeps } from './deps.ts'
import { denied } from './failed.ts'
import { IDENTITIES } from './identities.ts'
import type { Came, Provider } from './provider/provider.ts'
import type { Errand } from './trip.ts'

export async function linkHere(
  deps: FederationDeps,
  request: HttpRequest,
  provider: Provider,
  errand: Extract<Errand, { purpose: 'link' }>,
  { upstream }: Came,
): Promise<Reply> {
  const session = await findSession(deps, request)
  // Whoever is signed in now is who began it: the state was bound to this very session, and names its person.
  const own = session?.user.sub === errand.sub ? session : undefined

  const verdict = await askFederation(deps, request, {
    stage: 'entered',
    purpose: 'link',
    provider: provider.options,
    upstream,
    linked: await linkedTo(deps, request.tenant, upstream, errand.sub),
    session: own,
  })
  if (!verdict.allow) return denied(deps, request, provider.options, verdict, errand)
  if (own === undefined) throw ended()

  if (verdict.obligations.next === 'link') await addIdentity(deps, request, provider.options, upstream, own.user)
  return seeOther(IDENTITIES)
}
