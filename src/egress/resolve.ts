/** Names to the addresses that may be connected to: looked up once, every address judged. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { plainAddress } from './address.ts'
import type { AllowList, Target } from './allow-list.ts'
import { EgressError } from './egress.ts'

export interface Resolved {
  readonly address: string
  readonly family: 4 | 6
}

/** All addresses of a name. */
export type LookUp = (host: string) => Promise<readonly { readonly address: string }[]>

/** The system's resolver, so that its hosts file counts. */
export const systemLookUp: LookUp = (host) => lookup(host, { all: true, order: 'verbatim' })

/** Never empty: throws EgressError where the target is not listed, has no address, or none that may be connected to. */
export async function resolveTarget(allow: AllowList, target: Target, lookUp: LookUp): Promise<readonly Resolved[]> {
  if (!allow.mayResolve(target)) throw unlisted(target)
  const found = isIP(target.host) === 0 ? await find(target, lookUp) : [{ address: target.host }]
  const refused = new Set<string>()
  const open: Resolved[] = []
  for (const { address } of found) {
    const plain = plainAddress(address)
    if (plain === undefined) continue
    const kind = allow.refuses(target, plain)
    if (kind === undefined) open.push({ address: plain, family: isIP(plain) === 4 ? 4 : 6 })
    else refused.add(kind)
  }
  if (open.length > 0) return open
  if (refused.size === 0) throw new EgressError('unreachable', `the name ${target.host} has no address`)
  if (refused.has('public')) throw unlisted(target)
  const kinds = [...refused].join(' or ')
  throw new EgressError(
    'denied',
    `${nameOf(target)} is a ${kinds} address, which must be listed (for policies: egress.allow)`,
  )
}

const unlisted = (target: Target) =>
  new EgressError('denied', `${nameOf(target)} is not listed (for policies: egress.allow)`)

const nameOf = ({ host, port }: Target): string => (port === undefined ? host : `${host}:${port}`)

async function find(target: Target, lookUp: LookUp): ReturnType<LookUp> {
  try {
    return await lookUp(target.host)
  } catch (cause) {
    throw new EgressError('unreachable', `the name ${target.host} cannot be resolved`, { cause })
  }
}
