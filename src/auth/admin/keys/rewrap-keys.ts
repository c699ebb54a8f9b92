/** Moves all that is sealed to the newest envelope key: POST /admin/keys/rewrap. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import type { Rewrapped } from '../../keys/rewrap.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { checkNoBody } from '../no-body.ts'
import { type KeyDeps, tellChanges } from './key-endpoints.ts'

export type RewrapKeysDeps = KeyDeps & {
  readonly envelope: { readonly kekId: string }
  readonly rewrap: (tenant: string) => Promise<Rewrapped>
}

export async function rewrapKeys(deps: RewrapKeysDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)

  const permit = await decideAdmin(deps, caller, request, { type: 'key', action: 'rewrap' })

  const { signingKeys, clients, streams, totp, checkRecord } = await deps.rewrap(caller.tenant)
  await tellChanges(deps, caller, request, { changes: [] }, permit, 'keys_rewrapped')

  const moved = {
    signing_keys: signingKeys,
    client_secrets: clients,
    stream_secrets: streams,
    totp_secrets: totp,
    check_record: checkRecord,
  }
  return { status: 200, body: { kek_id: deps.envelope.kekId, moved } }
}
