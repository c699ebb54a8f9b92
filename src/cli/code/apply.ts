/**
 * Does what a plan says, through the admin API, one client after the other; deletions come last. Each write is onto what
 * was read just before (RFC 9110 13.1), so that nothing else that changes clients meanwhile is undone.
 */

import { secretIds } from '../../auth/client/secrets.ts'
import type { AdminApi } from '../admin/call.ts'
import { Refused } from '../refused.ts'
import type { Code, DesiredClient } from './desired.ts'
import { type Change, wireOf } from './plan.ts'
import { keepSecret, reserveFile } from './secrets.ts'

const pathOf = (id: string): string => `/admin/clients/${encodeURIComponent(id)}`

/** Generated ones are written before they are sent: an apply that ends in between goes on with the same secret. */
function secretsToSend({ secrets }: DesiredClient): readonly string[] {
  return secrets.map((source) => ('digest' in source ? source.digest : keepSecret(source.file)))
}

function bodyOf(client: DesiredClient, { action, secret }: Change): object {
  const settings = wireOf(client.settings)
  if (client.madeThere) {
    if (action === 'create') return settings
    const kept = secret?.kept ?? secretIds(client.secrets.flatMap((of) => ('digest' in of ? [of.digest] : [])))
    // To keep what is not there any more is refused: none is made that nobody waits for.
    return { ...settings, keep_secret_ids: kept, ...(secret?.file !== undefined && { rotate_secret: true }) }
  }
  return secret === undefined ? settings : { ...settings, secret_sha256: secretsToSend(client) }
}

async function write(api: AdminApi, client: DesiredClient, change: Change): Promise<void> {
  const path = pathOf(client.clientId)
  const condition: Record<string, string> =
    change.action === 'create' ? { 'if-none-match': '*' } : { 'if-match': await etagAt(api, path) }
  const file = client.madeThere ? change.secret?.file : undefined
  const reserved = file === undefined ? undefined : reserveFile(file)
  let made: unknown
  try {
    const { body } = await api.call({ method: 'PUT', path, body: bodyOf(client, change), headers: condition })
    made = body.client_secret
  } finally {
    if (typeof made === 'string') reserved?.write(made)
    else reserved?.release()
  }
  if ((typeof made === 'string') !== (reserved !== undefined))
    throw new Refused(made === undefined ? 'no secret was made' : 'a secret was made that is written nowhere')
}

async function etagAt(api: AdminApi, path: string): Promise<string> {
  const { headers } = await api.call({ method: 'GET', path })
  return headers.get('etag') ?? '*'
}

/** Throws Refused that names the client, and how many were done. `done` hears of each. */
export async function applyChanges(
  api: AdminApi,
  code: Code,
  changes: readonly Change[],
  done: (change: Change) => void,
): Promise<void> {
  const wanted = new Map(code.clients.map((client) => [client.clientId, client]))
  for (const [index, change] of changes.entries()) {
    try {
      const client = wanted.get(change.client_id)
      if (change.action === 'delete' || client === undefined)
        await api.call({ method: 'DELETE', path: pathOf(change.client_id) })
      else await write(api, client, change)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      throw new Refused(`client ${change.client_id}: ${error.message} (${index} of ${changes.length} were applied)`)
    }
    done(change)
  }
}
