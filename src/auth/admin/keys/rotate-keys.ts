/**
 * Puts the next keys in the place of those that sign: POST /admin/keys/rotate, of some `algorithms` or of all. A next key
 * that is not published for long enough follows by itself when it is; with `force` it signs now. Asks `admin`.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import type { SigningAlgorithm } from '../../../kernel/signing-algorithms.ts'
import type { KeyRules } from '../../keys/rules.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { type KeyDeps, renderKeys, tellChanges } from './key-endpoints.ts'

interface Wish {
  readonly algorithms: readonly SigningAlgorithm[]
  readonly force: boolean
}

function readWish(json: unknown, kept: KeyRules['algorithms']): Wish {
  if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json)))
    throw new Problem('bad_request', { detail: 'The body must be a JSON object, or empty.' })
  const { algorithms = kept, force = false, ...unknown }: Readonly<Record<string, unknown>> = { ...json }
  if (Object.keys(unknown).length > 0)
    throw new Problem('bad_request', { detail: 'Only algorithms and force can be given.' })
  if (typeof force !== 'boolean') throw new Problem('bad_request', { detail: 'force must be true or false.' })
  const named = Array.isArray(algorithms) ? kept.filter((alg) => algorithms.includes(alg)) : []
  if (!Array.isArray(algorithms) || named.length === 0 || named.length !== algorithms.length)
    throw new Problem('bad_request', { detail: `algorithms must list some of ${kept.join(', ')}, each once.` })
  return { algorithms: named, force }
}

export async function rotateKeys(deps: KeyDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  const { keeper } = deps
  const wish = readWish(request.json, keeper.rules.algorithms)

  const permit = await decideAdmin(deps, caller, request, { type: 'key', action: 'rotate' })

  const kept = await keeper.rotate(wish.algorithms, wish.force)
  await tellChanges(deps, caller, request, kept, permit, 'keys_rotation_asked')

  return { status: 200, body: renderKeys(kept.set, keeper.rules, permit.visible) }
}
