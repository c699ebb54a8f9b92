/** Which nodes may be written to, and whether all of them can be reached. */
import { Cluster, type Redis } from 'ioredis'
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { Connection } from './connection.ts'

const SLOTS = 16384

/** The server, or the primaries of a cluster; StoreUnavailable when a slot has none that is connected. */
export function primaries(connection: Connection): readonly Redis[] {
  if (!(connection instanceof Cluster)) return [connection]
  const connected = new Map(
    connection.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]),
  )
  const owners = new Set<string | undefined>()
  for (let slot = 0; slot < SLOTS; slot++) owners.add(connection.slots[slot]?.[0])
  return [...owners].map((owner) => {
    const node = connected.get(owner ?? '')
    if (node === undefined) throw new StoreUnavailable('redis: a primary is missing')
    return node
  })
}
