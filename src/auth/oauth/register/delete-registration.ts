/** A client ends its registration, and with it all that it holds: DELETE /oauth/register/{id}. RFC 7592 2.3. Asks `register`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { decideRegister, type RegisterDeps } from './decide-register.ts'
import { findRegistered } from './registration-access.ts'

export async function deleteRegistration(deps: RegisterDeps, request: HttpRequest): Promise<Reply> {
  const { client } = await findRegistered(deps, request)

  const permit = await decideRegister(deps, request, { action: 'delete', client })

  const written = await deps.store.clients.delete(request.tenant, client.clientId)
  if (written !== 'written') throw new OAuthError('invalid_token')
  await deps.audit({
    event: 'registration_deleted',
    tenant: request.tenant,
    request_id: request.id,
    client_id: client.clientId,
    decision_id: permit.decisionId,
  })

  return { status: 204, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } }
}
