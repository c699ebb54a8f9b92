/** Who calls the admin API: the bearer of an access token, or of the credential that `sallyport init` printed once. */
import type { HttpRequest } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { PlatformStore } from '../../storage/port.ts'
import { type ActorFacts, actorFacts } from '../session/actor-facts.ts'
import { type BearerDeps, readSentToken, requireBearer } from '../token/bearer.ts'

export interface Caller {
  readonly tenant: string
  readonly actor: ActorFacts
  /** Digest of the setup credential, to be consumed once policy has allowed. */
  readonly setup?: string
}

export type ActorDeps = BearerDeps & {
  readonly store: { readonly platform: Pick<PlatformStore, 'peekSetup' | 'takeSetup'> }
}

const setupActor: ActorFacts = {
  client_id: 'setup',
  active: true,
  scopes: [],
  audience: [],
  roles: [],
  kind: 'setup',
}

/** Throws invalid_token for everyone else. Access tokens have dots, the setup credential has none. */
export async function findCaller(deps: ActorDeps, request: HttpRequest): Promise<Caller> {
  const sent = readSentToken(request)
  if (sent !== undefined && !sent.isDpop && !sent.text.includes('.')) {
    const digest = digestOf(sent.text)
    if (await deps.store.platform.peekSetup(digest, request.origin.time.epoch_seconds))
      return { tenant: request.tenant, actor: setupActor, setup: digest }
  }
  const bearer = await requireBearer(deps, request)
  return { tenant: bearer.tenant, actor: actorFacts(bearer) }
}

/** Consumes the setup credential: of two uses at once one goes on. Does nothing for other callers. */
export async function spendSetup(deps: ActorDeps, caller: Caller, request: HttpRequest): Promise<void> {
  if (caller.setup === undefined) return
  const taken = await deps.store.platform.takeSetup(caller.setup, request.origin.time.epoch_seconds)
  await deps.audit({
    event: taken ? 'setup_used' : 'setup_refused',
    tenant: caller.tenant,
    request_id: request.id,
  })
  if (!taken) throw new Problem('unauthorized')
}
