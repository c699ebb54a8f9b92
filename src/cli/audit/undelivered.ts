/**
 * `sallyport audit undelivered`: what was to be told to others and was given up, as the audit log has it: security events for
 * webhooks and streams, sign-outs for clients. Nothing of it is kept to be sent again.
 */
import { basename } from 'node:path'
import { linesOf } from '../../audit/verify/lines.ts'
import type { Invocation } from '../command.ts'
import { table } from '../table.ts'
import { logFiles } from './files.ts'
import { sinceOf } from './since.ts'

interface Undelivered {
  /** As the log has it. */
  readonly time: string
  /** `webhook:{name}`, `stream:{name}`, `logout:{client_id}`. */
  readonly receiver: string
  readonly event: string
  /** `webhook-id` of a webhook; of a sign-out there is none. */
  readonly id?: string
  readonly why: string
  /** By which the rest of the log tells what brought it about. */
  readonly request_id?: string
}

export async function auditUndelivered(invocation: Invocation): Promise<number> {
  const { values, positionals } = invocation
  const named = positionals.length > 0 ? positionals : [invocation.config().log.directory]
  const sinceMs = sinceOf(values.since) ?? Number.NEGATIVE_INFINITY
  const found: Undelivered[] = []
  let unreadable = 0
  for (const file of logFiles(named).filter((path) => !basename(path).startsWith('decisions-')))
    for await (const { bytes } of linesOf(file)) {
      const one = readLine(Buffer.from(bytes).toString())
      if (one === 'unreadable') unreadable += 1
      else if (one !== undefined && Date.parse(one.time) >= sinceMs) found.push(one)
    }
  found.sort((left, right) => Date.parse(left.time) - Date.parse(right.time))
  console.log(values.json === true ? JSON.stringify(found, null, 2) : report(found))
  if (unreadable > 0) console.error(`${unreadable} lines are no JSON; \`sallyport audit verify\` says more`)
  return 0
}

/** Undefined: it tells of something else. */
function readLine(line: string): Undelivered | 'unreadable' | undefined {
  if (!line.includes('_not_delivered"')) return line.endsWith('}') ? undefined : 'unreadable'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'unreadable'
  }
  const { event, timestamp, resource, client_id, detail, request_id } = Object(value) as Readonly<
    Record<string, unknown>
  >
  const common = {
    time: String(timestamp),
    why: String(detail),
    ...(typeof request_id === 'string' && { request_id }),
  }
  if (event === 'logout_not_delivered') return { ...common, receiver: `logout:${client_id}`, event: 'logout' }
  if (event !== 'signal_not_delivered') return undefined
  const [kind, name, of = '', id] = String(resource).split(':')
  return { ...common, receiver: `${kind}:${name}`, event: of, ...(id !== undefined && { id }) }
}

function report(found: readonly Undelivered[]): string {
  if (found.length === 0) return 'nothing was given up'
  const rows = found.map(({ time, receiver, event, id = '', why, request_id = '' }) => [
    time,
    receiver,
    event,
    why,
    id,
    request_id,
  ])
  return table([['time', 'receiver', 'event', 'why', 'id', 'request_id'], ...rows])
}
