/** Lists clients in order of creation: GET /admin/clients?offset=&limit=. Asks `admin`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'
import { findCaller } from './actor.ts'
import { type AdminDeps, decideAdmin } from './decide-admin.ts'
import { renderClient } from './render-client.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 200

function wholeNumber(request: HttpRequest, name: string, fallback: number): number {
  const text = request.query.get(name)
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text)) throw new Problem('bad_request', { detail: `${name} must be a whole number.` })
  return Number(text)
}

export async function listClients(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const offset = wholeNumber(request, 'offset', 0)
  const limit = Math.min(MAX_LIMIT, wholeNumber(request, 'limit', DEFAULT_LIMIT))

  const permit = await decideAdmin(deps, caller, request, { action: 'list' })

  const page = await deps.store.clients.list(caller.tenant, offset, limit)
  return {
    status: 200,
    body: { total: page.total, offset, clients: page.records.map((client) => renderClient(client, permit.visible)) },
  }
}
