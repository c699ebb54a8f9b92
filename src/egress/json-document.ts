/** JSON documents that clients name: sector_identifier_uri, jwks_uri. https, no redirect, bounded in size and time; checklist 48. */
import { type Egress, EgressError, type EgressTls } from './egress.ts'

/** Throws EgressError whose message names the origin only. */
export type ReadJson = (url: string) => Promise<unknown>

const DEADLINE_MS = 5_000
const MAX_BYTES = 64 * 1024

export function jsonReader(egress: Egress, tls?: EgressTls): ReadJson {
  return async (text) => {
    const url = new URL(text)
    if (url.protocol !== 'https:') throw new EgressError('denied', `${url.origin}: only https is asked`)
    const answer = await egress.request({
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      deadlineMs: DEADLINE_MS,
      maxBytes: MAX_BYTES,
      ...(tls && { tls }),
    })
    if (answer.status !== 200) throw new EgressError('unreachable', `${url.origin}: answers ${answer.status}`)
    try {
      return JSON.parse(Buffer.from(answer.body).toString('utf8'))
    } catch {
      throw new EgressError('unreachable', `${url.origin}: the answer is no JSON`)
    }
  }
}
