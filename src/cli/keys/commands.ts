/** `sallyport keys list|rotate|revoke|rewrap`, over the admin API of a running instance. */
import { setTimeout as delay } from 'node:timers/promises'
import { type AdminApi, adminApi } from '../admin/call.ts'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { type KeyRow, report } from './report.ts'

interface Listed {
  readonly now: number
  readonly keys: readonly KeyRow[]
}

const isListed = (body: object): body is Listed =>
  'now' in body && typeof body.now === 'number' && 'keys' in body && Array.isArray(body.keys)

function print({ values }: Invocation, body: object): void {
  if (!isListed(body)) throw new Refused('the answer is not one of an admin API')
  console.log(values.json === true ? JSON.stringify(body, null, 2) : report(body.keys, body.now))
}

export const keysList = (invocation: Invocation): Promise<number> =>
  orRefused(async () =>
    print(invocation, (await adminApi(invocation).call({ method: 'GET', path: '/admin/keys' })).body),
  )

export const keysRotate = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const { alg, force } = invocation.values
    const body = { ...(Array.isArray(alg) && { algorithms: alg }), ...(force === true && { force: true }) }
    print(invocation, (await adminApi(invocation).call({ method: 'POST', path: '/admin/keys/rotate', body })).body)
  })

export const keysRevoke = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const [kid, stray] = invocation.positionals
    if (kid === undefined || stray !== undefined)
      throw new UsageError('keys revoke takes one KID, as `sallyport keys list` shows it')
    const path = `/admin/keys/${encodeURIComponent(kid)}/revoke`
    print(invocation, (await adminApi(invocation).call({ method: 'POST', path })).body)
  })

/** Longer than a node takes to know that the keys were moved: what it sealed meanwhile is moved by the next round. */
const BETWEEN_ROUNDS_MS = 3000
const ROUNDS = 5

export const keysRewrap = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const api = adminApi(invocation)
    const all = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const { kekId, moved } = await rewrapOnce(api)
      for (const [kind, count] of moved) all.set(kind, (all.get(kind) ?? 0) + count)
      if (moved.every(([, count]) => count === 0)) return sayRewrapped(invocation, kekId, all)
      await delay(BETWEEN_ROUNDS_MS)
    }
    throw new Refused('records are still being sealed by the previous envelope key: does every node have the new one?')
  })

async function rewrapOnce(api: AdminApi) {
  const { body } = await api.call({ method: 'POST', path: '/admin/keys/rewrap' })
  const { kek_id: kekId, moved } = body
  if (typeof kekId !== 'string' || typeof moved !== 'object' || moved === null)
    throw new Refused('the answer is not one of an admin API')
  return { kekId, moved: Object.entries(moved).map(([kind, count]) => [kind, Number(count)] as const) }
}

function sayRewrapped({ values }: Invocation, kekId: string, all: ReadonlyMap<string, number>): void {
  const moved = [...all]
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${(count === 1 ? kind.replace(/s$/, '') : kind).replaceAll('_', ' ')}`)
  console.log(
    values.json === true
      ? JSON.stringify({ kek_id: kekId, moved: Object.fromEntries(all) }, null, 2)
      : `${moved.length === 0 ? 'Nothing was left to move' : `Moved ${moved.join(', ')}`}.
All that is sealed is under envelope key ${kekId}: the previous one may leave the configuration.`,
  )
}
